"""The refusal of something that belongs to other roles, whatever is there."""

from collections.abc import Iterable

from domain.kernel.errors import ErrorCode, Problem, Problems, Remedy
from domain.kernel.messages import label
from domain.kernel.people import Role
from domain.kernel.text import Bilingual, Language


def only_for(roles: Iterable[Role], *path: str) -> Problems:
    """NOT_FOUND at the path, which names the roles that it is open to.

    For what no single thing is asked of: it may not depend on what is there.
    """
    keys = [f"role.{role.value}" for role in roles]
    hindi, english = (", ".join(label(key, language) for key in keys) for language in (Language.HI, Language.EN))
    texts = {"roles": Bilingual(hindi, english)}
    return Problems(Problem(ErrorCode.NOT_FOUND, path, Remedy.NONE, texts=texts, sentence="role.open_to"))
