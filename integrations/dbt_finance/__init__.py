"""The public interface of DBT finance: the state treasury's JIT payment service and the files of PFMS."""

from integrations.dbt_finance.bharat import REPORT_MONTH, BharatSettings, DbtBharat, MonthlyReport
from integrations.dbt_finance.jit.client import CODES, OTHER_CONTENT, DbtFinance, Declined
from integrations.dbt_finance.jit.client import POLICIES as _CALLS
from integrations.dbt_finance.jit.models import (
    BankAccount,
    BillEnquiry,
    BillReference,
    Correction,
    DbtFinanceSettings,
    HeadBalance,
    InstructionOutcome,
    InstructionReceipt,
    InstructionStage,
    InstructionStatus,
    Payee,
    PaymentInstruction,
    PaymentState,
)
from integrations.dbt_finance.jit.return_codes import (
    INSTRUCTION_REJECTED,
    RETURN_REASONS,
    UNKNOWN_REASON,
    WRONG_IFSC,
    ReturnReason,
    code_of_reason,
    code_of_status,
    return_reason,
)
from integrations.dbt_finance.opening import open_clients

POLICIES = (*_CALLS, REPORT_MONTH)
