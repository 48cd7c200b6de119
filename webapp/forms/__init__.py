"""Forms of the pages. Their rules are those of ``review``: a form only reads and shows."""

from webapp.forms.accounts import JoinForm, SignInForm
from webapp.forms.campaigns import CampaignForm
from webapp.forms.clips import (
    ConsentForm,
    EditForm,
    PersonForm,
    SubmitForm,
    WithdrawForm,
)
from webapp.forms.desk import DecisionForm
from webapp.forms.redact import RedactForm
from webapp.forms.words import wrong_fields

__all__ = [
    "CampaignForm",
    "ConsentForm",
    "DecisionForm",
    "EditForm",
    "JoinForm",
    "PersonForm",
    "RedactForm",
    "SignInForm",
    "SubmitForm",
    "WithdrawForm",
    "wrong_fields",
]
