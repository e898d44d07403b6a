"""Which versions of the applications are supported: readable by everybody, set by administrators."""

from dataclasses import dataclass

from actions.kernel import Environment, access, run_idempotently
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, Subject, mask_aadhaar_in
from domain.platform.client_policy import LONGEST_LINK, AppVersion, ClientPlatform, ClientRule, Support, support_of
from domain.platform.manifests import is_app_name
from store.database import Transaction, audit
from store.platform import manifests

OPERATION = "setClientPolicy"
_OPERATIONS = Resource(ObjectKind.OPERATIONS)
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class SetClientPolicy:
    """What is to be set for an application on a platform."""

    app: str
    platform: ClientPlatform
    minimum: str
    latest: str | None
    store_url: str | None
    reason: str


async def client_policy(
    env: Environment, app: str, platform: ClientPlatform, version: str
) -> tuple[Support, ClientRule | None]:
    """Whether a version still works, and what is set. Raises Problems: BAD_INPUT for what is no version or name."""
    asked = AppVersion.of(version)
    if asked is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("version",)))
    if not is_app_name(app):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("app",)))
    rule = await env.store.read(lambda tx: manifests.rule(tx, app, platform))
    return support_of(rule, asked), rule


async def set_client_policy(
    env: Environment, subject: Subject, wanted: SetClientPolicy, *, idempotency_key: str
) -> tuple[ClientRule, bool]:
    """Set for an administrator which versions still work; the second value is True for a replay.

    Raises Problems: NOT_FOUND where the subject may not operate the gateway, and those of `change_policy`.
    """

    async def work(tx: Transaction) -> dict[str, str]:
        await access.require(env, tx, subject, _OPERATIONS, Purpose.OPERATE)
        await change_policy(tx, wanted, by=subject.label)
        return {"app": wanted.app, "platform": wanted.platform.value}

    body = {
        "app": wanted.app,
        "platform": wanted.platform.value,
        "minimum": wanted.minimum,
        "latest": wanted.latest,
        "storeUrl": wanted.store_url,
        "reason": wanted.reason,
    }
    answer, replayed = await run_idempotently(env, subject, OPERATION, key=idempotency_key, body=body, work=work)
    rule = await env.store.read(lambda tx: manifests.rule(tx, answer["app"], ClientPlatform(answer["platform"])))
    if rule is None:
        raise LookupError("a policy that was kept is gone")
    return rule, replayed


async def change_policy(tx: Transaction, wanted: SetClientPolicy, *, by: str) -> ClientRule:
    """Set what holds for an application on a platform, with an audit line.

    Raises Problems: BAD_INPUT for what cannot be, REASON_REQUIRED without a reason.
    """
    _check(wanted)
    before = await manifests.rule(tx, wanted.app, wanted.platform)
    rule = ClientRule(
        wanted.app,
        wanted.platform,
        wanted.minimum.strip(),
        wanted.latest.strip() if wanted.latest else None,
        wanted.store_url,
        by,
        tx.clock.now(),
    )
    await manifests.save_rule(tx, rule)
    detail = {
        "minimumBefore": before.minimum if before else None,
        "minimum": rule.minimum,
        "latest": rule.latest,
        "reason": mask_aadhaar_in(" ".join(wanted.reason.split())),
    }
    name = f"{rule.app}:{rule.platform.value}"
    await audit.record(tx, by, "clientPolicy.set", "CLIENT", name, Purpose.OPERATE, **detail)
    return rule


def _check(wanted: SetClientPolicy) -> None:
    minimum = AppVersion.of(wanted.minimum)
    latest = AppVersion.of(wanted.latest) if wanted.latest else None
    url = wanted.store_url
    wrong = {
        "app": not is_app_name(wanted.app),
        "minimumVersion": minimum is None,
        "latestVersion": wanted.latest is not None and (latest is None or (minimum is not None and latest < minimum)),
        "storeUrl": url is not None and not (url.startswith("https://") and len(url) <= LONGEST_LINK),
        "reason": len(wanted.reason) > _LONGEST_REASON,
    }
    problems = [Problem(ErrorCode.BAD_INPUT, ("input", name)) for name, is_wrong in wrong.items() if is_wrong]
    if not wanted.reason.strip():
        problems.append(Problem(ErrorCode.REASON_REQUIRED, ("input", "reason")))
    if problems:
        raise Problems(*problems)
