"""What all actions share: unit of work, access, idempotency, transitions."""

from actions.kernel.access import (
    leave_receipt,
    may_read,
    may_read_all,
    not_open,
    of_another,
    of_appeal,
    of_applicant,
    of_application,
    of_certificate,
    of_citizen,
    of_clearance,
    of_sanction,
    permitted_postings,
    read_at_sources,
    receipt_of,
    receipts_of_citizen,
    require,
    require_departments,
    require_one,
    require_own,
    require_own_record,
    require_postings,
    require_read,
    require_second_person,
    require_thing,
    with_cases,
)
from actions.kernel.aliases import application_by_any, certificate_by_any
from actions.kernel.case_access import (
    DAY_SECONDS,
    case_for,
    known_service,
    note,
    of_feedback,
    of_grievance,
    of_row,
    of_suggestion,
    of_visit,
    refuse_flood,
)
from actions.kernel.cases import PATH, present, service_of, take_up
from actions.kernel.course import course_of, courses_of, filed_as, refuse_out_of_turn
from actions.kernel.environment import Environment, Partners, Registry, Rules
from actions.kernel.idempotency import (
    ANSWERS,
    completed,
    conflict_problem,
    hash_of,
    refuse_other_version,
    run_idempotently,
    run_once,
    run_request,
    wrong_code,
)
from actions.kernel.jurisdiction import (
    NOBODY,
    Holder,
    Place,
    at_level,
    authority_for,
    designated_for,
    escalation,
    holder_at,
    note_holder,
    place_of,
    stand_in_at_work,
    with_cover,
)
from actions.kernel.legal_clock import (
    calendar_of,
    furthest,
    has_breached,
    last_day_for_her,
    later_than,
    office_calendar,
    start_changes,
)
from actions.kernel.numbering import ROUNDS, draw_number, draw_numbers, draw_status_index, draw_uris
from actions.kernel.operations import leave_receipts, one_operation
from actions.kernel.rounds import BATCH, Fence, in_batches, run_fenced
from actions.kernel.submission_progress import SourceOutage, SubmissionState
from actions.kernel.transitions import Step, Transition, apply_transition, receive_fee, register
from actions.kernel.unit_of_work import UnitOfWork
from actions.kernel.verbs import Verb, verb
