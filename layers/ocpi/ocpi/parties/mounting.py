"""A module of OCPI as a Lambda handler, with the interfaces that our roles offer."""

from collections.abc import Mapping

from fastapi import APIRouter, Depends

from ocpi.parties.access import Access
from ocpi.parties.own import OwnPlatform, interface_path
from ocpi.parties.routing import required_offer, route
from ocpi.transport.door import LambdaHandler, ocpi_handler
from ocpi.types.versions import InterfaceRole, ModuleID


def module_handler(
    module: ModuleID, interfaces: Mapping[InterfaceRole, APIRouter], own: OwnPlatform, access: Access
) -> LambdaHandler:
    """The Lambda handler of a functional module.

    Args:
        module: which module.
        interfaces: the routes of each interface; those that none of our roles offers are answered with 404,
            those that only another of our parties offers with 2001.
        own: our roles.
        access: who may come in.
    """
    routed = module is not ModuleID.HUB_CLIENT_INFO  # a configuration module (ROU-02)
    mounted = APIRouter()
    for role, router in interfaces.items():
        if (module, role) in own.interfaces:
            checks = [Depends(required_offer(own, (module, role)))] if routed else []
            mounted.include_router(router, prefix=interface_path(module, role), dependencies=checks)
    return ocpi_handler(mounted, access.registered, route(own) if routed else None)
