"""Hand-off from the UMANG app to our pages: opening a session, and linking an account once."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.identity.sign_in import open_for_umang
from actions.kernel import Environment
from actions.umang.umang_users import LINK_PATH, ask_link, confirm_link, link_asked, subject_of, use_assertion
from domain.kernel import Assurance, ErrorCode, PersonKind, Problem, Problems, Remedy, Subject
from gateway.pages.refusals import SessionOver
from gateway.sign_in import cookies, pages
from gateway.sign_in.requests import (
    form_of,
    from_elsewhere,
    platform_of,
    readable,
    redirect,
    signed_in_subject,
    text_in,
)
from integrations.umang import HANDOFF_SECONDS, Authenticity, NotAuthentic, UmangEndpointSettings

HANDOFF_PATH = "/umang/handoff"


def handoff_routes(
    env: Environment,
    settings: UmangEndpointSettings,
    *,
    session_seconds: int,
    shut: Callable[[], int | None] = lambda: None,
) -> list[Route]:
    """`/umang/handoff` for browsers that come from the app, and the page at which an account is linked."""
    doors = _HandoffHandlers(env, settings, session_seconds, shut)
    return [
        Route(HANDOFF_PATH, readable(doors.hand_over), methods=["GET"]),
        Route(LINK_PATH, readable(doors.ask), methods=["GET"]),
        Route(LINK_PATH, readable(doors.confirm), methods=["POST"]),
    ]


class _HandoffHandlers:
    def __init__(
        self, env: Environment, settings: UmangEndpointSettings, session_seconds: int, shut: Callable[[], int | None]
    ) -> None:
        self._env = env
        self._settings = settings
        self._session_seconds = session_seconds
        self._shut = shut
        self._authenticity = Authenticity(settings, env.clock)

    async def hand_over(self, request: Request) -> Response:
        """Open a session for the user of the token and redirect to the target; to the link page without an account.

        The token is an assertion that is good once and for two minutes; the target is a path of the list.
        """
        closed = self._shut()
        if closed is not None:
            return pages.problem_page(request, ErrorCode.SOURCE_UNAVAILABLE, status=503, retry_after=closed)
        target = self._target(request.query_params.get("target", ""))
        try:
            token = request.query_params.get("token", "")
            user = self._authenticity.assertion(token, srvid=None, longest=HANDOFF_SECONDS)
        except NotAuthentic:
            raise _start_again() from None
        if not await use_assertion(self._env, user):
            raise _start_again()
        subject = await subject_of(self._env, user)
        if subject is None or subject.person_id is None:
            return redirect(await ask_link(self._env, user))
        strength = subject.assurance or Assurance.LOW
        tokens = await open_for_umang(
            self._env, subject.person_id, strength, self._session_seconds, platform=platform_of(request)
        )
        response = redirect(target)
        cookies.open_session(response, self._env, tokens.access_token, self._session_seconds)
        if tokens.refresh_token is not None:
            cookies.keep_refresh(response, self._env, tokens.refresh_token, tokens.refresh_expires_in)
        return response

    async def ask(self, request: Request) -> Response:
        """Show what would be linked."""
        return await self._link_page(request, await self._citizen(request), request.query_params.get("ticket", ""))

    async def confirm(self, request: Request) -> Response:
        """Link the account where the digits are right; ask again where they are not."""
        if from_elsewhere(request, self._env):
            raise Problems(Problem(ErrorCode.FORBIDDEN))
        form, subject = await form_of(request), await self._citizen(request)
        ticket = text_in(form, "ticket")
        if subject is None:
            raise SessionOver(_address(ticket))
        subject.require_may_change()
        try:
            await confirm_link(self._env, subject, ticket, text_in(form, "digits"))
        except Problems as refused:
            left = refused.problems[0].params.get("left", "0")
            if refused.code is not ErrorCode.OTP_WRONG or left == "0":
                raise
            return await self._link_page(request, subject, ticket, left)
        return pages.draw(request, "umang_linked", subject.kind, **pages.NOT_AGAIN)

    async def _link_page(
        self, request: Request, citizen: Subject | None, ticket: str, left: str | None = None
    ) -> Response:
        """What is to be linked, with the way to sign in, or for a citizen who is signed in with the form to confirm."""
        asked = await link_asked(self._env, ticket)
        person, status = citizen.kind if citizen else None, 200 if left is None else 422
        values = {"ticket": ticket, "masked_mobile": asked.masked_mobile, "left": left, "here": _address(ticket)}
        return pages.draw(request, "umang", person, status=status, **values)

    async def _citizen(self, request: Request) -> Subject | None:
        """The citizen who is signed in in this browser."""
        subject = await signed_in_subject(self._env, request)
        return subject if subject is not None and subject.kind is PersonKind.CITIZEN else None

    def _target(self, target: str) -> str:
        """A page of the list, with a query if need be; raises Problems(BAD_INPUT)."""
        parts = urlsplit(target)
        plain = target.isascii() and target.isprintable() and "\\" not in target and not parts.scheme
        if not plain or parts.netloc or parts.path not in self._settings.targets:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("target",)))
        return target


def _address(ticket: str) -> str:
    return f"{LINK_PATH}?{urlencode({'ticket': ticket})}"


def _start_again() -> Problems:
    return Problems(Problem(ErrorCode.BAD_INPUT, ("token",), Remedy.SIGN_IN_AGAIN))
