"""Lambda handler of the CDRs module."""

import ocpi.starting  # noqa: F401 - before all else
from cdrs import receiver, sender
from cdrs.settings import Settings
from ocpi.parties.serving import Serving
from ocpi.types.versions import InterfaceRole, ModuleID

serving = Serving.of(ModuleID.CDRS, Settings.load())
interfaces = {
    InterfaceRole.SENDER: sender.routes(serving.listing, serving.url(InterfaceRole.SENDER)),
    InterfaceRole.RECEIVER: receiver.routes(serving.objects, serving.url(InterfaceRole.RECEIVER)),
}
handler = serving.handler(interfaces)
