"""Routes for one's own devices and accounts: remote sign-out, linking, unlinking, app association files."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actions.identity.account_links import LINK_PATH, begin_link, confirm_link, link_under_way, open_link, unlink
from actions.identity.devices import end_devices, own_devices
from actions.identity.provider_sign_out import way_out
from actions.identity.sign_in import SignInIntent, begin_sign_in
from actions.identity.sign_in_guards import hash_of
from actions.kernel import Environment
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Provider, Subject
from gateway.http.headers import EVERY_ANSWER
from gateway.pages.refusals import SessionOver
from gateway.pages.rendering import language_of
from gateway.settings.settings import Settings
from gateway.sign_in import cookies, pages
from gateway.sign_in.providers import callback_path
from gateway.sign_in.requests import (
    EnvironmentOf,
    form_of,
    from_elsewhere,
    readable,
    redirect,
    signed_in_subject,
    text_in,
)
from store.identity import identities

CODE_PATH = f"{LINK_PATH}/code"
DEVICES, ACCOUNTS = "/sign-in/devices", "/sign-in/accounts"


def account_routes(environment_of: EnvironmentOf, settings: Settings) -> list[Route]:
    """The routes of devices and accounts, and the two files by which telephones know our apps."""
    doors = _AccountHandlers(environment_of, settings)
    return [
        Route(DEVICES, readable(doors.devices), methods=["GET"]),
        Route(DEVICES, readable(doors.end_devices), methods=["POST"]),
        Route(ACCOUNTS, readable(doors.accounts), methods=["GET"]),
        Route(f"{ACCOUNTS}/link", readable(doors.begin_link), methods=["POST"]),
        Route(f"{ACCOUNTS}/unlink", readable(doors.unlink), methods=["POST"]),
        Route(LINK_PATH, readable(doors.open_link), methods=["GET"]),
        Route(f"{LINK_PATH}/start", readable(doors.start_link), methods=["GET"]),
        Route(CODE_PATH, readable(doors.ask_code), methods=["GET"]),
        Route(CODE_PATH, readable(doors.take_code), methods=["POST"]),
        Route("/.well-known/apple-app-site-association", doors.apple, methods=["GET"]),
        Route("/.well-known/assetlinks.json", doors.android, methods=["GET"]),
    ]


@dataclass(frozen=True, slots=True)
class _AccountHandlers:
    environment_of: EnvironmentOf
    settings: Settings

    async def devices(self, request: Request) -> Response:
        """List the devices of the signed-in person."""
        env, subject = await self._signed_in(request, DEVICES)
        return pages.draw(request, "devices", subject.kind, devices=await own_devices(env, subject))

    async def end_devices(self, request: Request) -> Response:
        """Sign out one device, all others, or every one."""
        env, subject = await self._signed_in(request, DEVICES, changing=True)
        form = await form_of(request)
        device, others = text_in(form, "device") or None, text_in(form, "which") == "others"
        if device is None and text_in(form, "which") not in ("others", "all"):
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("device",)))
        further = await way_out(env, subject.session_id)
        await end_devices(env, subject, env.ids.token(), device=device, keep_this=others)
        response = redirect(DEVICES)
        if device is None and not others:
            response = redirect(further)
            cookies.close_session(response, env)
        return response

    async def accounts(self, request: Request) -> Response:
        """List the accounts of a citizen, with those that can be linked and unlinked."""
        env, subject = await self._signed_in(request, ACCOUNTS)
        citizen_id = subject.person_id
        if subject.kind is not PersonKind.CITIZEN or citizen_id is None:
            return pages.draw(request, "accounts", subject.kind, status=403)
        linked = await env.store.read(lambda tx: identities.linked_accounts(tx, [citizen_id]))
        held = list(dict.fromkeys(one.provider for one in linked.get(citizen_id, [])))
        admitted = (one for one in env.partners.identity if env.rules.sign_on.admits(PersonKind.CITIZEN, one))
        offered = [one.value for one in admitted if one not in held]
        return pages.draw(request, "accounts", subject.kind, held=[one.value for one in held], offered=offered)

    async def begin_link(self, request: Request) -> Response:
        """Begin to link a further account."""
        env, subject = await self._signed_in(request, ACCOUNTS, changing=True)
        begun, _ = await begin_link(env, subject, _provider(text_in(await form_of(request), "provider")))
        return redirect(begun.address)

    async def unlink(self, request: Request) -> Response:
        """Untie the accounts with one provider."""
        env, subject = await self._signed_in(request, ACCOUNTS, changing=True)
        provider = _provider(text_in(await form_of(request), "provider"))
        await unlink(env, subject, provider, env.ids.token())
        return redirect(ACCOUNTS)

    async def open_link(self, request: Request) -> Response:
        """Say to whose record the account would belong, before anything happens."""
        env = self.environment_of(request)
        secret = cookies.browser_secret(request) or env.ids.token()
        shown = await open_link(env, request.query_params.get("ticket", ""), hash_of(secret))
        response = pages.draw(request, "link", **pages.NOT_AGAIN, shown=shown)
        cookies.bind_browser(response, env, secret)
        return response

    async def start_link(self, request: Request) -> Response:
        """Send the browser to the provider, to show the account."""
        env, browser = self.environment_of(request), cookies.browser_hash(request)
        link = await link_under_way(env, request.query_params.get("link", ""), browser)
        address = await begin_sign_in(
            env,
            link.provider,
            browser_hash=browser,
            redirect_uri=env.public_url + callback_path(link.provider),
            return_to=None,
            app=None,
            language=language_of(request),
            wish=SignInIntent(link_id=link.id),
        )
        return redirect(address, 302)

    async def ask_code(self, request: Request) -> Response:
        """Ask for the code that was sent to the telephone on file."""
        env, link_id = self.environment_of(request), request.query_params.get("link", "")
        await link_under_way(env, link_id, cookies.browser_hash(request))
        return _code_page(request, link_id)

    async def take_code(self, request: Request) -> Response:
        """Link the account where the code is right; ask again where it is not."""
        env, form = self.environment_of(request), await form_of(request)
        if from_elsewhere(request, env):
            return Response(status_code=403, headers=EVERY_ANSWER)
        link_id = text_in(form, "link")
        try:
            provider = await confirm_link(env, link_id, cookies.browser_hash(request), text_in(form, "code"))
        except Problems as refused:
            if refused.code is not ErrorCode.OTP_WRONG:
                raise
            return _code_page(request, link_id, left=refused.problems[0].params["left"])
        return pages.draw(request, "linked", **pages.NOT_AGAIN, provider=provider.value)

    async def apple(self, request: Request) -> Response:
        """Which apps of Apple's systems open the links of sign-in (Universal Links)."""
        del request
        links = (urlsplit(link) for link in self.settings.clients)
        paths = sorted({link.path or "/" for link in links if link.scheme == "https"})
        apps = self.settings.sign_on.apple_app_ids
        details = [{"appIDs": apps, "components": [{"/": path} for path in paths]}] if apps else []
        return JSONResponse({"applinks": {"details": details}})

    async def android(self, request: Request) -> Response:
        """Which apps of Android open the links of this host (Digital Asset Links)."""
        del request
        relation = ["delegate_permission/common.handle_all_urls"]
        return JSONResponse(
            [
                {
                    "relation": relation,
                    "target": {
                        "namespace": "android_app",
                        "package_name": package,
                        "sha256_cert_fingerprints": list(fingerprints),
                    },
                }
                for package, fingerprints in sorted(self.settings.sign_on.android_apps.items())
            ]
        )

    async def _signed_in(self, request: Request, page: str, *, changing: bool = False) -> tuple[Environment, Subject]:
        """Who is signed in. Raises SessionOver for nobody, and Problems where something is to be changed.

        FORBIDDEN is for a form of another site, SOURCE_UNAVAILABLE for who may only look.
        """
        env = self.environment_of(request)
        if changing and from_elsewhere(request, env):
            raise Problems(Problem(ErrorCode.FORBIDDEN))
        subject = await signed_in_subject(env, request)
        if subject is None:
            raise SessionOver(page)
        if changing:
            subject.require_may_change()
        return env, subject


def _code_page(request: Request, link_id: str, left: str | None = None) -> Response:
    """The form for the code; after a wrong one with what is left."""
    status = 200 if left is None else 422
    return pages.draw(request, "code", **pages.NOT_AGAIN, link=link_id, left=left, status=status)


def _provider(text: str) -> Provider:
    try:
        return Provider(text)
    except ValueError:
        raise Problems(Problem(ErrorCode.NOT_FOUND, ("provider",))) from None
