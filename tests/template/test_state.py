"""Tables, queues and keys: nothing is lost, left open or left unnoticed."""

import pytest

from tests.template.expanded import Template, target

TABLES = ("PartnersTable", "ObjectsTable", "SitesTable", "DeliveriesTable")
QUEUES = {
    "PushQueue": "PushDeadLetters",
    "OptimizeQueue": "OptimizeDeadLetters",
    "TimeoutQueue": "TimeoutDeadLetters",
    "PullQueue": "PullDeadLetters",
}


def test_these_are_all_tables_and_queues(template: Template) -> None:
    assert set(template.of_type("AWS::DynamoDB::Table")) == set(TABLES)
    assert set(template.of_type("AWS::SQS::Queue")) == {*QUEUES, *QUEUES.values(), "OutboxDeadLetters"}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_encrypted_restorable_and_forgets_in_time(template: Template, table: str) -> None:
    properties = template.properties(table)
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


@pytest.mark.parametrize("table", ["ObjectsTable", "SitesTable"])
def test_the_outbox_hears_both_images_of_a_change(template: Template, table: str) -> None:
    assert template.properties(table)["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.parametrize("resource", [*TABLES, "TokenKey", "TokenPepper"])
def test_what_cannot_be_made_again_outlives_the_stack(template: Template, resource: str) -> None:
    kept = template.resources[resource]
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_sets_aside_what_keeps_failing(template: Template, queue: str) -> None:
    properties, dead = template.properties(queue), template.properties(QUEUES[queue])
    assert target(properties["RedrivePolicy"]["deadLetterTargetArn"]) == QUEUES[queue]
    assert properties["RedrivePolicy"]["maxReceiveCount"] > 1
    assert properties.get("FifoQueue") == dead.get("FifoQueue"), "the dead-letter queue of a FIFO queue has to be one"
    assert dead["MessageRetentionPeriod"] == 14 * 86400


def test_every_dead_letter_queue_raises_an_alarm(template: Template) -> None:
    watched = set()
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    for name in alarms.keys() - {"ParkedObjectsAlarm", "FallbackPlansAlarm"}:
        alarm = alarms[name]
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
        assert alarm["AlarmActions"]["Fn::If"][1] == [{"Ref": "AlarmTopicArn"}]
        watched |= {target(dimension["Value"]).removesuffix(".QueueName") for dimension in alarm["Dimensions"]}
    assert watched == {*QUEUES.values(), "OutboxDeadLetters"}


@pytest.mark.parametrize(
    ("alarm_name", "metric", "service"),
    [("ParkedObjectsAlarm", "ParkedObjects", "push"), ("FallbackPlansAlarm", "FallbackPlans", "optimize")],
)
def test_what_a_partner_does_not_take_or_the_solver_does_not_solve_raises_an_alarm(
    template: Template, alarm_name: str, metric: str, service: str
) -> None:
    alarm = template.properties(alarm_name)
    assert (alarm["Namespace"], alarm["MetricName"]) == ("OcpiServerless", metric)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": service}]
    assert alarm["AlarmActions"]["Fn::If"][1] == [{"Ref": "AlarmTopicArn"}]


def test_every_queue_is_encrypted(template: Template) -> None:
    assert all(queue["SqsManagedSseEnabled"] for queue in template.of_type("AWS::SQS::Queue").values())


@pytest.mark.parametrize("queue", ["PushQueue", "OptimizeQueue", "PullQueue"])
def test_what_concerns_one_partner_or_site_is_done_in_order(template: Template, queue: str) -> None:
    assert template.properties(queue)["FifoQueue"]


@pytest.mark.parametrize(
    ("mapping", "queue", "patience"),
    [
        ("PushMessages", "PushQueue", (6, 6)),
        # What failed blocks its site until it comes again. Its function is never throttled, so there is time enough.
        ("OptimizeMessages", "OptimizeQueue", (1.2, 1.5)),
        ("TimeoutMessages", "TimeoutQueue", (6, 6)),
        ("PullMessages", "PullQueue", (6, 6)),
    ],
)
def test_a_queue_delivers_one_message_at_a_time_and_not_twice_at_once(
    template: Template, mapping: str, queue: str, patience: tuple[float, float]
) -> None:
    properties = template.properties(mapping)
    assert target(properties["EventSourceArn"]) == queue
    assert properties["BatchSize"] == 1
    function = template.properties(target(properties["FunctionName"]))
    least, most = patience
    assert least <= template.properties(queue)["VisibilityTimeout"] / function["Timeout"] <= most


@pytest.mark.parametrize("mapping", ["ObjectsStream", "SitesStream"])
def test_a_change_that_cannot_be_handled_holds_up_no_other_and_is_kept(template: Template, mapping: str) -> None:
    properties = template.properties(mapping)
    assert properties["BisectBatchOnFunctionError"]
    assert properties["MaximumRetryAttempts"] == -1, "AWS may be away for longer than any number of tries takes"
    assert 0 < properties["MaximumRecordAgeInSeconds"] <= 3600
    assert properties["ParallelizationFactor"] > 1
    assert target(properties["DestinationConfig"]["OnFailure"]["Destination"]) == "OutboxDeadLetters"
    assert "FifoQueue" not in template.properties("OutboxDeadLetters"), "Lambda cannot write to a FIFO queue"


def test_the_key_of_the_tokens_is_rotated(template: Template) -> None:
    assert template.properties("TokenKey")["EnableKeyRotation"]
