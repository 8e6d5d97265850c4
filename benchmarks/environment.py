"""The environment that the functions' settings ask for, with names that lead nowhere."""

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "PARTNERS_TABLE": "partners",
    "OBJECTS_TABLE": "objects",
    "SITES_TABLE": "sites",
    "DELIVERIES_TABLE": "deliveries",
    "PUSH_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/push.fifo",
    "OPTIMIZE_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/optimize.fifo",
    "TIMEOUT_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/timeout",
    "TOKEN_KEY_ID": "key",
    "TOKEN_PEPPER_SECRET_ID": "pepper",
    "PUBLIC_BASE_URL": "https://ocpi.example.com",
    "ALLOW_PRIVATE_PARTNERS": "false",
    "SIGN_IN_URL": "https://sign-in.example.com",
    "PAGE_CLIENT_ID": "page",
    "REST_SECONDS": "1",
    "ROLES": '[{"role":"CPO","country_code":"NL","party_id":"OCS","business_details":{"name":"Bench"}},'
    '{"role":"EMSP","country_code":"NL","party_id":"OCS","business_details":{"name":"Bench"}}]',
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Bench",
    "LOG_LEVEL": "INFO",
}
