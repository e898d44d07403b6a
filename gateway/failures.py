"""What may end a command by nobody's mistake in the code, and the lines that are told of it."""


def lines_of(error: Exception) -> list[str]:
    """One line for each reason; none where the failure is a defect, which needs its trace.

    The classes are imported here, so that a command that works does not load what it does not need.
    """
    from domain.manifests import ManifestRefused
    from gateway.commands.persons import NotErased
    from gateway.commands.staff import NotMoved
    from gateway.demo import DemoFailed
    from gateway.headless import HeadlessFailed
    from gateway.ports import PortTaken
    from gateway.runfiles import NotUp
    from gateway.settings import SettingsRefused
    from store.errors import StoreError

    if isinstance(error, SettingsRefused):
        return error.reasons
    if isinstance(error, ManifestRefused):
        return list(error.reasons)
    if isinstance(error, NotUp | PortTaken | DemoFailed | HeadlessFailed | NotErased | NotMoved | StoreError):
        return [" ".join(str(error).split()) or type(error).__name__]
    if isinstance(error, OSError) and error.filename is not None:
        return [f"{error.filename} cannot be used ({error.strerror})"]
    return []
