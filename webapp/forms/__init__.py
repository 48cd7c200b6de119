"""Forms of the pages. Their rules are those of ``review``: a form only reads and shows."""

from webapp.forms.accounts import JoinForm, SignInForm
from webapp.forms.clips import (
    ConsentForm,
    DetailsForm,
    PersonForm,
    SubmitForm,
    WithdrawForm,
)
from webapp.forms.desk import DecisionForm, ReleaseForm

__all__ = [
    "ConsentForm",
    "DecisionForm",
    "DetailsForm",
    "JoinForm",
    "PersonForm",
    "ReleaseForm",
    "SignInForm",
    "SubmitForm",
    "WithdrawForm",
]
