"""Has SMS and WhatsApp tell no more of one application but what must be told, or again."""

from actions.kernel import UnitOfWork
from domain.applications.applications import Application
from domain.feedback.messages import MessageChannel
from domain.identity.policy import ObjectKind, Purpose
from store.feedback import messages


async def mute(acting: UnitOfWork, application: Application, said_by: MessageChannel) -> bool:
    """End the messages about an application, also those that wait; False where they were ended before."""
    if not await messages.mute(acting.tx, application.id):
        return False
    await messages.stop_waiting(acting.tx, [application.citizen_id], application.id)
    await note_switch(acting, ObjectKind.APPLICATION, application.id, said_by, stops=True)
    return True


async def unmute(acting: UnitOfWork, application: Application, said_by: MessageChannel) -> None:
    """Have messages about an application come again."""
    await messages.unmute(acting.tx, [application.citizen_id], application.id)
    await note_switch(acting, ObjectKind.APPLICATION, application.id, said_by, stops=False)


async def note_switch(
    acting: UnitOfWork, kind: ObjectKind, object_id: str, said_by: MessageChannel, *, stops: bool
) -> None:
    """Write the audit line of what somebody said by STOP or START."""
    action = "messages.stopped" if stops else "messages.started"
    await acting.record(action, kind, object_id, Purpose.APPLY, channel=said_by.value)
