"""One turn of a conversation: who writes, what she wrote, where the conversation stands, and what is answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from actions.kernel import Environment
from domain.conversations import Dialogue, Reply, Step
from domain.kernel import Assurance, CallerError, Citizen, Language, PersonKind, Problem, Role, Subject, state_language
from domain.kernel.messages import label, problem_text
from domain.platform.switches import Switchboard
from integrations.whatsapp import MOST_BUTTONS, Incoming
from store.platform import switches


@dataclass(slots=True)
class Turn:
    """What a step reads and changes. `key` names the message, for the keys of what is done by it."""

    env: Environment
    heard: Incoming
    key: str
    reader: Citizen | None
    strength: Assurance
    dialogue: Dialogue
    replies: list[Reply] = field(default_factory=list)
    hands_over: bool = False

    @property
    def language(self) -> Language:
        """That of the citizen, else that of the state."""
        return (self.reader.language if self.reader else state_language()).catalogue

    @property
    def subject(self) -> Subject:
        """The citizen, as sure as she is; raises LookupError where the number is nobody's."""
        if self.reader is None:
            raise LookupError("the number is nobody's")
        roles = frozenset({Role.CITIZEN})
        return Subject(roles, PersonKind.CITIZEN, self.reader.id, assurance=self.strength)

    @property
    def may_act(self) -> bool:
        """Whether she may do more than ask: she agreed in a session that was sure, and not too long ago."""
        return self.reader is not None and self.strength.holds_for(Assurance.SUBSTANTIAL)

    async def require_mutation(self, name: str) -> None:
        """Raise MutationOff where an administrator switched off the mutation whose action is to be done."""
        found = await self.env.store.read(switches.all_switches)
        Switchboard(found).require_mutation(name, self.env.clock.now())

    def text(self, name: str, **values: str) -> str:
        """A text of the catalogue, `chat.<name>`."""
        return label(f"chat.{name}", self.language).format_map(values)

    def say(self, name: str, choices: Sequence[tuple[str, str]] = (), **values: str) -> None:
        """Answer by a text, and things to tap."""
        self.offer(self.text(name, **values), choices)

    def offer(self, text: str, choices: Sequence[tuple[str, str]]) -> None:
        """Answer by words that stand in no catalogue, such as a question of a form, and things to tap."""
        opens = self.text("choose") if len(choices) > MOST_BUTTONS else ""
        self.replies.append(Reply(text, tuple(choices), opens))

    def ask(self, step: Step, about: str = "") -> None:
        """Await the answer to what is asked by this turn."""
        self.dialogue = replace(self.dialogue, step=step, about=about, asked_at=self.env.clock.now())

    def end(self) -> None:
        """Await nothing any more, and forget what was answered."""
        self.dialogue = Dialogue()

    def tell(self, refused: CallerError) -> None:
        """Say why something could not be done."""
        self.replies.append(Reply("\n".join(self.problem(one) for one in refused.problems)))

    def problem(self, problem: Problem) -> str:
        """What a problem says to her."""
        return problem_text(problem, self.language)
