"""The one list of doors that partners ask us at. A partner that calls us joins the fault matrix by a line in DOORS."""

from tests.faults.door import Door
from tests.faults.door_apisetu import PublishedDoor
from tests.faults.door_commission import CommissionDoor
from tests.faults.door_digilocker import PullDoor
from tests.faults.door_etaal import EtaalDoor
from tests.faults.door_events import EventsDoor
from tests.faults.door_hr import HrDoor
from tests.faults.door_sms import SmsDoor
from tests.faults.door_umang import UmangDoor
from tests.faults.door_whatsapp import WhatsAppDoor

DOORS: tuple[type[Door], ...] = (
    EtaalDoor,
    PublishedDoor,
    PullDoor,
    CommissionDoor,
    UmangDoor,
    HrDoor,
    SmsDoor,
    WhatsAppDoor,
    EventsDoor,
)
"""Every door with a caller in the city."""
