"""The public interface of DBT finance: the state treasury's JIT payment service and the files of PFMS."""

from integrations.dbt_finance.bharat import REPORT_MONTH
from integrations.dbt_finance.bharat import BharatSettings as BharatSettings
from integrations.dbt_finance.bharat import DbtBharat as DbtBharat
from integrations.dbt_finance.bharat import MonthlyReport as MonthlyReport
from integrations.dbt_finance.jit.client import CODES as CODES
from integrations.dbt_finance.jit.client import OTHER_CONTENT as OTHER_CONTENT
from integrations.dbt_finance.jit.client import POLICIES as _CALLS
from integrations.dbt_finance.jit.client import DbtFinance as DbtFinance
from integrations.dbt_finance.jit.client import Declined as Declined
from integrations.dbt_finance.jit.models import BankAccount as BankAccount
from integrations.dbt_finance.jit.models import BillEnquiry as BillEnquiry
from integrations.dbt_finance.jit.models import BillReference as BillReference
from integrations.dbt_finance.jit.models import Correction as Correction
from integrations.dbt_finance.jit.models import DbtFinanceSettings as DbtFinanceSettings
from integrations.dbt_finance.jit.models import HeadBalance as HeadBalance
from integrations.dbt_finance.jit.models import InstructionOutcome as InstructionOutcome
from integrations.dbt_finance.jit.models import InstructionReceipt as InstructionReceipt
from integrations.dbt_finance.jit.models import InstructionStage as InstructionStage
from integrations.dbt_finance.jit.models import InstructionStatus as InstructionStatus
from integrations.dbt_finance.jit.models import Payee as Payee
from integrations.dbt_finance.jit.models import PaymentInstruction as PaymentInstruction
from integrations.dbt_finance.jit.models import PaymentState as PaymentState
from integrations.dbt_finance.jit.return_codes import INSTRUCTION_REJECTED as INSTRUCTION_REJECTED
from integrations.dbt_finance.jit.return_codes import RETURN_REASONS as RETURN_REASONS
from integrations.dbt_finance.jit.return_codes import UNKNOWN_REASON as UNKNOWN_REASON
from integrations.dbt_finance.jit.return_codes import WRONG_IFSC as WRONG_IFSC
from integrations.dbt_finance.jit.return_codes import ReturnReason as ReturnReason
from integrations.dbt_finance.jit.return_codes import code_of_reason as code_of_reason
from integrations.dbt_finance.jit.return_codes import code_of_status as code_of_status
from integrations.dbt_finance.jit.return_codes import return_reason as return_reason
from integrations.dbt_finance.opening import open_clients as open_clients

POLICIES = (*_CALLS, REPORT_MONTH)
