// The other half of the webhook benchmark: Shopify's own library on the same bodies. It verifies a delivery
// and parses it; of an order it also parses the shop's answer. It has no rules, so that nothing is decided.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, seconds, packages] = process.argv.slice(2);
const load = createRequire(join(packages, "package.json"));
await import(pathToFileURL(load.resolve("@shopify/shopify-api/adapters/node")));
const { shopifyApi, ApiVersion, LogSeverity } = await import(pathToFileURL(load.resolve("@shopify/shopify-api")));

const text = (name) => readFileSync(join(folder, name), "utf8");
const headers = Object.fromEntries(
  text("headers.txt").trim().split("\n").map((line) => line.split(": ")).map(([name, value]) => [name.toLowerCase(), value]),
);
const shopify = shopifyApi({
  apiKey: "weir",
  apiSecretKey: text("secret.txt").trim(),
  scopes: ["read_orders"],
  hostName: "weir.example",
  apiVersion: Object.values(ApiVersion)[0],
  isEmbeddedApp: false,
  logger: { level: LogSeverity.Error },
});

const [webhook, answers] = [readFileSync(join(folder, "webhook.json")), readFileSync(join(folder, "answers.json"))];
const request = { headers, method: "POST", url: "/webhooks/shopify" };

// What arrives are bytes; the library takes a text.
async function door(body = webhook) {
  const rawBody = body.toString("utf8");
  const told = await shopify.webhooks.validate({ rawBody, rawRequest: request, rawResponse: {} });
  if (!told.valid) throw new Error(`a good delivery was refused: ${told.reason}`);
  return [told.topic, JSON.parse(rawBody).id];
}

async function order() {
  await door();
  return JSON.parse(answers.toString("utf8")).answers[0].order.id;
}

// Nanoseconds of CPU of this process, its collector's and compiler's threads included.
async function measure(call) {
  const start = process.cpuUsage();
  for (let calls = 200; ; calls += 200) {
    for (let turn = 0; turn < 200; turn += 1) await call();
    const { user, system } = process.cpuUsage(start);
    if (user + system >= seconds * 1e6) return Math.round(((user + system) * 1e3) / calls);
  }
}

const forged = await door(Buffer.concat([webhook, Buffer.from(" ")])).catch(() => "refused");
if (forged !== "refused") throw new Error("a forged delivery was let in");
// The compiler has seen it all before it is measured.
for (let turn = 0; turn < 5_000; turn += 1) await order();
const door_ns = await measure(door.bind(null, webhook));
const order_ns = await measure(order);
const { version } = JSON.parse(readFileSync(join(packages, "node_modules/@shopify/shopify-api/package.json"), "utf8"));
console.log(JSON.stringify({ door_ns, order_ns, node: process.version, library: version }));
