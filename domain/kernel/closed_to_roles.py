"""The refusal of something that belongs to other roles, whatever is there."""

from collections.abc import Iterable

from domain.kernel.errors import ErrorCode, Problem, Problems, Remedy
from domain.kernel.messages import label
from domain.kernel.people import Role
from domain.kernel.text import Bilingual, Language, state_language


def only_for(roles: Iterable[Role], *path: str) -> Problems:
    """NOT_FOUND at the path, which names the roles that it is open to.

    For what no single thing is asked of: it may not depend on what is there.
    """
    keys = [f"role.{role.value}" for role in roles]
    local, english = (", ".join(label(key, each) for key in keys) for each in (state_language(), Language.EN))
    texts = {"roles": Bilingual(local, english)}
    return Problems(Problem(ErrorCode.NOT_FOUND, path, Remedy.NONE, texts=texts, sentence="role.open_to"))
