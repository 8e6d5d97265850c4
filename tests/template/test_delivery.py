"""The cloud in which delivery is proven (tests.delivery) has the numbers of the deployed one."""

import pytest

from tests.delivery import cloud
from tests.delivery.sqs import Settings
from tests.template.expanded import Template, target

FUNCTIONS = {
    "push": "PushFunction",
    "timeouts": "TimeoutsFunction",
    "outbox": "OutboxFunction",
    "sweep": "SweepFunction",
}
QUEUES = {"push.fifo": "PushQueue", "timeouts": "TimeoutQueue"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_run_as_long(template: Template, function: str) -> None:
    assert template.properties(FUNCTIONS[function])["Timeout"] == cloud.TIMEOUTS_S[function]


@pytest.mark.parametrize("queue", QUEUES)
def test_queues_and_what_they_start_are_alike(template: Template, queue: str) -> None:
    properties = template.properties(QUEUES[queue])
    (source,) = (
        source
        for source in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if target(source["EventSourceArn"]) == QUEUES[queue]
    )
    assert (source["BatchSize"], target(source["FunctionName"])) == (1, FUNCTIONS[cloud.SOURCES[queue]])
    assert cloud.QUEUES[queue] == Settings(
        fifo=properties.get("FifoQueue", False),
        visibility_s=properties["VisibilityTimeout"],
        max_receives=properties["RedrivePolicy"]["maxReceiveCount"],
        concurrency=source["ScalingConfig"]["MaximumConcurrency"],
    )


def test_the_stream_is_worked_through_alike(template: Template) -> None:
    stream = template.properties("ObjectsStream")
    assert (stream["BatchSize"], stream["ParallelizationFactor"]) == (cloud.BATCH_SIZE, cloud.LANES)
    assert (stream["MaximumRetryAttempts"], stream["MaximumRecordAgeInSeconds"]) == (-1, cloud.LONGEST_AGE_S)
    assert stream["BisectBatchOnFunctionError"]


def test_the_sweep_comes_as_often(template: Template) -> None:
    every = template.document["Parameters"]["SweepEvery"]["Default"]
    assert every == f"rate({cloud.SWEEP_EVERY_S / 60:g} minutes)"
