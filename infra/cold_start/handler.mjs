// What `dispatcher` does, in Node: the smallest handler that makes the same calls with AWS's own clients.
// The loop at the end stands for the managed runtime's, which does more; so this is a lower bound.

import http from "node:http";
import { DynamoDBClient, DeleteItemCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";

const dynamo = new DynamoDBClient({});
const bridge = new EventBridgeClient({});
// Made and not called, as in the functions it is compared with.
export const idle = [new SQSClient({}), new SecretsManagerClient({})];

const handler = async (event) => {
  for (const record of event.Records) {
    const { Keys: key, NewImage: image } = record.dynamodb;
    const effect = JSON.parse(image.body.S);
    const detail = JSON.stringify({ id: key.sk.S, sales_order_id: effect.o, order_no: effect.n, version: 1 });
    const entry = { Source: "weir", DetailType: effect.t, Detail: detail, EventBusName: process.env.WEIR_BUS };
    await bridge.send(new PutEventsCommand({ Entries: [entry] }));
    await dynamo.send(new DeleteItemCommand({ TableName: process.env.WEIR_TABLE, Key: key }));
  }
  return { batchItemFailures: [] };
};

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method, path: `/2018-06-01/runtime/${path}` }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });

for (;;) {
  const next = await call("GET", "invocation/next");
  const answer = JSON.stringify(await handler(JSON.parse(next.body)));
  await call("POST", `invocation/${next.headers["lambda-runtime-aws-request-id"]}/response`, answer);
}
