"""What `dispatcher` does, in Python: the smallest handler that makes the same calls with AWS's own clients.

The loop at the end stands for the managed runtime's, which does more; so this is a lower bound.
"""

import http.client
import json
import os

import boto3

DYNAMO = boto3.client("dynamodb")
BRIDGE = boto3.client("events")
# Made and not called, as in the functions it is compared with.
IDLE = [boto3.client("sqs"), boto3.client("secretsmanager")]


def handler(event):
    for record in event["Records"]:
        key, image = record["dynamodb"]["Keys"], record["dynamodb"]["NewImage"]
        effect = json.loads(image["body"]["S"])
        detail = {"id": key["sk"]["S"], "sales_order_id": effect["o"], "order_no": effect["n"], "version": 1}
        bus = os.environ["WEIR_BUS"]
        entry = {"Source": "weir", "DetailType": effect["t"], "Detail": json.dumps(detail), "EventBusName": bus}
        BRIDGE.put_events(Entries=[entry])
        DYNAMO.delete_item(TableName=os.environ["WEIR_TABLE"], Key=key)
    return {"batchItemFailures": []}


def main():
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    base = "/2018-06-01/runtime/invocation"
    while True:
        connection.request("GET", f"{base}/next")
        event = connection.getresponse()
        request = event.headers["lambda-runtime-aws-request-id"]
        answer = json.dumps(handler(json.loads(event.read())))
        connection.request("POST", f"{base}/{request}/response", answer)
        connection.getresponse().read()


main()
