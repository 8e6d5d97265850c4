"""Lambda handler of the locations module."""

import ocpi.starting  # noqa: F401 - before all else
from locations import receiver, sender
from locations.settings import Settings
from ocpi.parties.serving import Serving
from ocpi.types.versions import InterfaceRole, ModuleID

serving = Serving.of(ModuleID.LOCATIONS, Settings.load())
interfaces = {
    InterfaceRole.SENDER: sender.routes(serving.objects, serving.listing, serving.url(InterfaceRole.SENDER)),
    InterfaceRole.RECEIVER: receiver.routes(serving.objects),
}
handler = serving.handler(interfaces)
