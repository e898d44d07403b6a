"""DBT finance: the state treasury's JIT payment service, its face."""

from integrations.dbt_finance.client import POLICIES, DbtFinance
from integrations.dbt_finance.models import (
    BillReference,
    DbtFinanceSettings,
    InstructionOutcome,
    InstructionReceipt,
    InstructionStage,
    InstructionStatus,
    Payee,
    PaymentInstruction,
    PaymentState,
)
from integrations.dbt_finance.return_codes import (
    INSTRUCTION_REJECTED,
    RETURN_REASONS,
    UNKNOWN_REASON,
    ReturnReason,
    code_of_reason,
    return_reason,
)

__all__ = [
    "INSTRUCTION_REJECTED",
    "POLICIES",
    "RETURN_REASONS",
    "UNKNOWN_REASON",
    "BillReference",
    "DbtFinance",
    "DbtFinanceSettings",
    "InstructionOutcome",
    "InstructionReceipt",
    "InstructionStage",
    "InstructionStatus",
    "Payee",
    "PaymentInstruction",
    "PaymentState",
    "ReturnReason",
    "code_of_reason",
    "return_reason",
]
