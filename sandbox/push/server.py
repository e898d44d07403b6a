"""The sandbox of FCM and APNs.

Written from docs/contracts/messages.md sections 6 and 11 alone. The app is installed on a telephone by the action
`install {mobile, platform, fid?}`, which gives the token that the app tells the gateway; `fate {token, fate}` says what
becomes of messages to it: `arrives`, `uninstalled`, `answer_lost`, `busy` (429), `down` (503), `another_project`.
The app itself signs in and registers by `begin_sign_in` and `end_sign_in`, which the page `/telephone` calls.
"""

from sandbox.city.kit import Action, Sandbox, SandboxHome, sandbox_app
from sandbox.city.proxy import bind_loopback
from sandbox.city.tls import Certificates, new_authority
from sandbox.push.apns import ApnsServer, ApnsService
from sandbox.push.app import App
from sandbox.push.fcm import FcmServer
from sandbox.push.installations import Installations


def create_sandbox(home: SandboxHome) -> Sandbox:
    """Google and Apple, and the telephones behind them."""
    installed, now = Installations(home), home.clock.now()
    app = App(home, installed)
    fcm, apns = FcmServer(home, installed), ApnsServer(home, installed)
    authority = home.state.get_or_create("tls", "authority", lambda: new_authority(now))
    place = bind_loopback(int((home.state.get("ports", "apns") or {"port": 0})["port"]))
    port = int(place.getsockname()[1])
    home.state.put("ports", "apns", {"port": port})
    url, own = f"https://127.0.0.1:{port}", {"certificate": authority["certificate"]}
    home.hand_over(
        {
            "base_url": home.public_url,
            "service_account": fcm.handed_over,
            "apns": {**apns.handed_over, **own, "url": url},
        }
    )
    apple = sandbox_app(home, apns.routes(), actions={})
    service = ApnsService(apple.app, home.faults, place, Certificates(authority, now).contexts)
    actions: dict[str, Action] = {"begin_sign_in": app.begin, "end_sign_in": app.end, "fate": installed.set_fate}
    actions |= {"install": installed.install, "messages": installed.messages}
    return sandbox_app(home, fcm.routes(), actions=actions, services=(service,), arrivals=installed.arrivals)
