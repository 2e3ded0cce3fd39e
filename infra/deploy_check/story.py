"""What is seen of the deployed system, from the first token to the deletion of the stack. Each step says what it saw
or raises."""

import datetime
import json
import time
import urllib.request

import roles
from cloud import STAGE, wait_for
from shop import Shop
from store import Store

# Message bodies that no version can read.
POISON = "this is no message"
POISONED_NOTICE = "this is no notification"

# What the functions say of them.
UNREADABLE = ("the message cannot be read", "the document is not JSON")

# Seconds until a failed message is tried again, in place of the template's minutes: five tries are to be seen.
SHORT_VISIBILITY = 2

# The queues that functions read.
QUEUES = ("import-amazon", "import-bigcommerce", "import-shopify", "notifications-amazon", "push-bigcommerce",
          "push-shopify")

# A search sees an order two minutes after it shipped, and runs each minute.
POLLED_WITHIN = 360

# The sweeper takes what has been lying for two minutes, and runs each minute.
SWEPT_WITHIN = 360

ON_HAND = 1000

# Rows of an order that does not fit one transaction.
BIG = 150


class Story:
    def __init__(self, cloud, recorder, channels, faults):
        self.cloud, self.recorder, self.faults = cloud, recorder, faults
        self.amazon, shopify, bigcommerce = channels
        self.shop = Shop(cloud, recorder, shopify, self.say)
        self.store = Store(cloud, recorder, bigcommerce, self.say)
        self.functions = []
        self.sold = 0
        self.began = time.monotonic()

    def tell(self):
        self.deploy()
        self.sign_in()
        self.connect()
        self.listen_to_the_bus()
        polled = self.sell_in_silence()
        self.notify()
        self.shop.connect()
        delivered = self.shop.sell_by_webhook()
        self.shop.forge()
        opening = self.store.connect()
        self.store.forge()
        searched = self.shop.forget_topics()
        unheard = self.store.sell_unheard()
        unmatched = self.sell_unmatched()
        self.stop_the_dispatcher()
        self.map_the_sku()
        tracking = self.shop.deliver(delivered)
        parcel = self.store.deliver(opening)
        left = self.poison()
        self.wait_for_sweeper(unmatched, left)
        self.shop.wait_for_late_push(delivered, tracking)
        self.store.wait_for_late_push(opening, parcel)
        self.wait_for_poll(polled)
        self.shop.wait_for_search(searched)
        self.store.wait_for_search(unheard)
        self.shop.wait_for_topics()
        self.start_the_dispatcher()
        self.shop.push_at_once(searched)
        self.store.push_at_once(self.store.sell_by_webhook())
        self.store.sell_what_was_typed_in()
        late = self.shop.fall_ill()
        late_too = self.store.fall_ill()
        self.change_everything_once()
        self.sell_much_at_once()
        self.shop.recover(late)
        self.store.recover(late_too)
        self.shop.ask_for(late)
        self.shop.erase(delivered)
        self.check_logs()
        self.bad_day()
        self.update()
        self.compare_roles()
        self.check_secrets()
        self.delete()

    def say(self, text):
        print(f"[{time.monotonic() - self.began:5.0f} s] {text}", flush=True)

    # ---- the sandboxed Amazon

    def amazon_call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.amazon + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def sell(self, orders):
        """Orders of one line each that ship now: `(sku, quantity)`."""
        return self.sell_lines([[line] for line in orders])

    def sell_lines(self, orders):
        lines = [[{"sku": sku, "quantity": quantity} for sku, quantity in order] for order in orders]
        return self.amazon_call("/_sandbox/orders", {"orders": lines})

    def notices(self):
        return [notice["body"] for notice in self.amazon_call("/_sandbox/notices")]

    # ---- what the API says

    def outcome(self, order):
        found = self.cloud.get("/v1/outcomes", channel_order_id=order)["data"]
        return f"{found[0]['kind']} {found[0]['code']}" if found else "nothing"

    def are_in(self, orders):
        return all(self.outcome(order) == "imported shipped_by_channel" for order in orders)

    def on_hand(self, sku):
        return int(self.cloud.get("/v1/inventory", sku=sku)["data"][0]["on_hand"])

    def check_stock(self):
        moved = sum(int(m["quantity"]) for m in self.movements("MUG"))
        on_hand = self.on_hand("MUG")
        assert on_hand == ON_HAND - self.sold, f"on hand {on_hand}, expected {ON_HAND - self.sold}"
        assert moved == on_hand, f"the movements make {moved}, on hand is {on_hand}"

    def movements(self, sku):
        found, cursor = [], None
        while True:
            query = {"sku": sku, "limit": 100, **({"cursor": cursor} if cursor else {})}
            page = self.cloud.get("/v1/inventory_movements", **query)
            found, cursor = found + page["data"], page["next_cursor"]
            if not cursor:
                return found

    # ---- the steps

    def deploy(self):
        self.cloud.make_artifact_bucket()
        self.cloud.deploy("template.yaml")
        resources = self.cloud.resources()
        kinds = {}
        for resource in resources:
            kinds[resource["ResourceType"]] = kinds.get(resource["ResourceType"], 0) + 1
        self.functions = sorted(
            r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::Lambda::Function"
        )
        roles.allow_batches(self.cloud, self.functions)
        self.say(f"sam deploy: {len(resources)} resources")
        for kind in sorted(kinds):
            print(f"           {kinds[kind]:3}  {kind}")
        self.cloud.api_id = next(
            r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::ApiGatewayV2::Api"
        )

    def sign_in(self):
        status, _ = self.cloud.ask("GET", "/healthz", token=False)
        assert status == 200, f"/healthz answers {status}"
        status, _ = self.cloud.ask("GET", "/v1/organization", token=False)
        assert status == 401, f"without a token the API answers {status}"
        secret = self.cloud.outputs()["FirstApiTokenName"]
        self.cloud.token = self.cloud.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        organization = self.cloud.get("/v1/organization")
        self.say(f"the API answers 401 without a token, and the first token of {secret} opens "
                 f"\"{organization['name']}\"")

    def connect(self):
        cloud = self.cloud
        self.location = cloud.post("/v1/locations", {"name": "Amazon FBA", "kind": "fba"})["id"]
        cloud.post("/v1/variants", {"sku": "MUG", "name": "Mug"})
        rows = [{"sku": "MUG", "quantity": ON_HAND}]
        cloud.post("/v1/stock_adjustments", {"location_id": self.location, "reason": "count", "rows": rows})
        parts = self.amazon_call("/_sandbox/connection")
        made = cloud.post("/v1/connections", {"name": "Sandbox", "default_location_id": self.location, **parts})
        self.connection, self.credentials = made["id"], parts["credentials"]
        cloud.post(f"/v1/connections/{self.connection}/test")
        active = cloud.post(f"/v1/connections/{self.connection}/activate")
        assert active["status"] == "active", active
        self.say("a connection to the sandboxed Amazon is made, tested and active")

    def listen_to_the_bus(self):
        cloud, events = self.cloud, self.cloud.client("events")
        url = cloud.sqs.create_queue(QueueName="check-listener")["QueueUrl"]
        attributes = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        bus = cloud.outputs()["BusName"]
        pattern = json.dumps({"account": ["000000000000"]})
        events.put_rule(Name="check", EventBusName=bus, EventPattern=pattern)
        events.put_targets(Rule="check", EventBusName=bus, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
        self.listener = url
        self.heard = []

    def listen(self):
        while True:
            page = self.cloud.sqs.receive_message(QueueUrl=self.listener, MaxNumberOfMessages=10)
            messages = page.get("Messages", [])
            for message in messages:
                self.heard.append(json.loads(message["Body"]))
                self.cloud.sqs.delete_message(QueueUrl=self.listener, ReceiptHandle=message["ReceiptHandle"])
            if not messages:
                return self.heard

    def hears_of(self, order, kind):
        return any(e["detail-type"] == kind and order in json.dumps(e["detail"]) for e in self.listen())

    def sell_in_silence(self):
        """Orders of which no notification comes through: the search has to find them."""
        polled = self.sell([("MUG", 1)] * 3)
        self.sold += 3
        self.notices()
        return polled

    def notify(self):
        order = self.sell([("MUG", 2)])
        self.sold += 2
        self.carry_notices()
        began = time.monotonic()
        wait_for("the notified order is in", 60, lambda: self.are_in(order))
        self.say(f"a notification brought order {order[0]} in after {time.monotonic() - began:.1f} s")
        wait_for("its event is on the bus", 30, lambda: self.hears_of(order[0], "OrderImported"))
        self.say(f"OrderImported of {order[0]} is on the bus")

    def carry_notices(self):
        for body in self.notices():
            self.cloud.sqs.send_message(QueueUrl=self.cloud.queue_url("notifications-amazon"), MessageBody=body)

    def sell_unmatched(self):
        order = self.sell([("NEW", 2)])
        self.carry_notices()
        wait_for("an unmatched SKU waits", 60, lambda: self.outcome(order[0]) == "waiting sku_not_matched")
        return order

    def signal(self, order, number):
        organization = self.cloud.get("/v1/organization")["id"]
        at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return json.dumps({
            "v": 1, "kind": "look", "organization": organization, "id": f"sig_check{number}",
            "connection": self.connection, "channel_order_id": order, "cause": "manual", "at": at,
        })

    def poison(self):
        """One batch with a message that nothing can read, in each queue, and dead letters that are replayed."""
        for name in QUEUES:
            attributes = {"VisibilityTimeout": str(SHORT_VISIBILITY)}
            self.cloud.sqs.set_queue_attributes(QueueUrl=self.cloud.queue_url(name), Attributes=attributes)
        orders = self.sell([("MUG", 1)] * 4)
        self.sold += 4
        self.notices()
        bodies = [self.signal(order, number) for number, order in enumerate(orders)]
        bodies.insert(2, POISON)
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        self.cloud.sqs.send_message_batch(QueueUrl=self.cloud.queue_url("import-amazon"), Entries=entries)
        wait_for("the rest of the batch is done", 60, lambda: self.are_in(orders))
        notifications = self.cloud.queue_url("notifications-amazon")
        self.cloud.sqs.send_message(QueueUrl=notifications, MessageBody=POISONED_NOTICE)
        for name in ("import-bigcommerce", "import-shopify", "push-bigcommerce", "push-shopify"):
            self.cloud.sqs.send_message(QueueUrl=self.cloud.queue_url(name), MessageBody=POISON)
        wait_for("the poison is dead", 120, lambda: set(self.depth_of_dead()) == {1})
        self.say("a poison message of a batch lies in its dead letters, the rest of the batch is done")
        for letter in self.letters():
            self.cloud.post(f"/v1/dead_letters/{letter['id']}/replay")
        wait_for("what was replayed is gone from the dead letters", 30, lambda: set(self.depth_of_dead()) != {1})
        wait_for("the poison is dead again", 120, lambda: set(self.depth_of_dead()) == {1})
        for letter in self.letters():
            self.cloud.post(f"/v1/dead_letters/{letter['id']}/discard", {"note": "a test of the deployment"})
        wait_for("the dead letters are empty", 30, lambda: set(self.depth_of_dead()) == {0})
        self.say(f"{len(QUEUES)} dead letters were replayed, failed again, and were discarded with a note")
        return orders

    def letters(self):
        return wait_for("all dead letters are listed", 60, lambda: self.all_letters())

    def all_letters(self):
        found = self.cloud.get("/v1/dead_letters")["data"]
        return found if len(found) == len(QUEUES) else None

    def depth_of_dead(self):
        return [self.cloud.depth(f"{name}-dead") for name in QUEUES]

    def dispatchers_mapping(self):
        functions = self.cloud.client("lambda")
        mappings = functions.list_event_source_mappings(FunctionName=f"weir-{STAGE}-dispatcher")
        return mappings["EventSourceMappings"][0]["UUID"]

    def stop_the_dispatcher(self):
        functions = self.cloud.client("lambda")
        functions.update_event_source_mapping(UUID=self.dispatchers_mapping(), Enabled=False)
        time.sleep(5)  # what it has in hand is done by then

    def start_the_dispatcher(self):
        functions = self.cloud.client("lambda")
        functions.update_event_source_mapping(UUID=self.dispatchers_mapping(), Enabled=True)

    def map_the_sku(self):
        self.cloud.post("/v1/variants", {"sku": "NEW-1", "name": "New arrival"})
        aliases = f"/v1/connections/{self.connection}/sku_aliases"
        self.cloud.post(aliases, {"channel_sku": "NEW", "variant_sku": "NEW-1"})

    def wait_for_poll(self, polled):
        wait_for("the search found its orders", POLLED_WITHIN, lambda: self.are_in(polled), pause=2)
        self.check_stock()
        self.say(f"the schedule's search brought {len(polled)} orders in, of which nobody told")

    def wait_for_sweeper(self, unmatched, left):
        """With the dispatcher at rest only the sweeper sends what commits left: work for a queue, and events."""
        wait_for("the mapped order is in", SWEPT_WITHIN, lambda: self.are_in(unmatched), pause=2)
        heard = lambda: all(self.hears_of(order, "OrderImported") for order in left)  # noqa: E731
        wait_for("the sweeper announced what came in", SWEPT_WITHIN, heard, pause=2)
        self.say(f"order {unmatched[0]} waited for its SKU, which was mapped; with the dispatcher at rest the sweeper "
                 "sent what was left, and it came in")

    def change_everything_once(self):
        """What else a person does."""
        cloud, connection = self.cloud, f"/v1/connections/{self.connection}"
        status, changed = cloud.ask("PATCH", connection, {"credentials": self.credentials})
        assert status == 200, changed
        cloud.post(f"{connection}/runs", {"job": "poll_orders"})
        token = {"name": "check", "scope": "read", "token": "a-token-of-the-deploy-check"}
        cloud.post("/v1/api_tokens", token)
        cloud.post("/v1/api_tokens/revoke", {"token": token["token"]})
        order = cloud.get("/v1/sales_orders", connection_id=self.connection, limit=1)["data"][0]["id"]
        status, answer = cloud.ask("DELETE", f"/v1/sales_orders/{order}")
        assert status < 300, answer
        self.say("credentials renewed, a run asked for, a token let in and shut out, an order deleted")

    def sell_much_at_once(self):
        """More rows than one transaction takes: a plan, chunks, and a last transaction."""
        order = self.sell_lines([[("MUG", 1)] * BIG])
        self.sold += BIG
        self.carry_notices()
        wait_for("the big order is in", 60, lambda: self.are_in(order))
        self.check_stock()
        self.say(f"an order of {BIG} rows is in")

    def check_logs(self):
        lines = self.cloud.log_lines()
        bad = []
        for function, texts in lines.items():
            for text in texts:
                is_expected = "returns to its queue" in text and any(why in text for why in UNREADABLE)
                if ("ERROR" in text or "panicked" in text) and not is_expected:
                    bad.append(f"{function}: {text[:400]}")
        assert not bad, "errors in the logs:\n" + "\n".join(bad[:20])
        counted = sum(len(texts) for texts in lines.values())
        assert counted, "nothing was logged at all"
        self.say(f"{counted} log lines of {len(lines)} groups: no error but the poison's own")

    # ---- a bad day

    def fault(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.faults}/_microburst{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def bad_day(self):
        """Throttled table, cut answers, conflicts: everything comes in once all the same."""
        lost = {"response": {"abort_frac": 0.0}}
        conflict = {
            "code": "TransactionCanceledException",
            "status": 400,
            "message": "Transaction cancelled, please refer cancellation reasons for specific reasons "
                       "[TransactionConflict]",
            "fields": {"CancellationReasons": [{"Code": "TransactionConflict", "Message": "Transaction is ongoing"}]},
        }
        rules = [
            {"service": "dynamodb", "operation": "BatchGetItem", "times": 6,
             "error": {"code": "ProvisionedThroughputExceededException", "status": 400}},
            {"service": "dynamodb", "operation": "TransactWriteItems", "times": 6, "sequence": {"fail": 1, "pass": 3},
             **lost},
            {"service": "dynamodb", "operation": "TransactWriteItems", "times": 4, "sequence": {"fail": 1, "pass": 2},
             "error": conflict},
            {"service": "sqs", "times": 6, **lost},
            {"service": "events", "times": 2, "error": {"code": "ThrottlingException", "status": 400}},
        ]
        self.fault("POST", "/rules", rules)
        healthy, self.recorder.upstream = self.recorder.upstream, self.faults
        orders = self.sell([("MUG", 1)] * 20)
        self.sold += 20
        self.carry_notices()
        wait_for("every order of the bad day is in", 300, lambda: self.are_in(orders), pause=2)
        fired = {}
        for event in self.fault("GET", "/fired"):
            what = f"{event['operation']} {event['action']}"
            fired[what] = fired.get(what, 0) + 1
        self.fault("POST", "/rules", [])
        self.recorder.upstream = healthy
        wait_for("the queues are empty", 120, lambda: self.cloud.depth("import-amazon") == 0)
        self.check_stock()
        for order in orders:
            wait_for(f"the event of {order} is on the bus", 240, lambda: self.hears_of(order, "OrderImported"))
        assert set(self.depth_of_dead()) == {0}, "something died of the bad day"
        for what in ("BatchGetItem", "TransactWriteItems", "SendMessage"):
            assert any(what in name for name in fired), f"no fault hit {what}: {fired}"
        self.say(f"a bad day, {sum(fired.values())} faults: 20 orders in, each once")
        for what in sorted(fired):
            print(f"           {fired[what]:3}  {what}")

    # ---- what is true of all of it

    def compare_roles(self):
        assert not self.recorder.denied, "a role denied what a function needs:\n" + "\n".join(self.recorder.denied)
        assert not self.recorder.unnamed, f"calls without a name: {self.recorder.unnamed[:3]}"
        differences = roles.compare(self.cloud, self.recorder.seen, self.functions)
        assert not differences, "roles and calls differ:\n" + "\n".join(differences)
        asked = len({(caller, action) for caller, action, _ in self.recorder.seen})
        self.say(f"{len(self.functions)} roles allow exactly what their functions asked for: {asked} actions")

    def check_secrets(self):
        secrets = self.cloud.client("secretsmanager").list_secrets()["SecretList"]
        names = [secret["Name"] for secret in secrets]
        assert any(name.startswith(f"weir/{STAGE}/connection/") for name in names), names
        wanted = [self.cloud.token, *self.credentials.values(), self.shop.credentials["client_secret"]]
        text = json.dumps(self.cloud.log_lines())
        assert not any(secret in text for secret in wanted), "a secret stands in a log"
        assert "panicked" not in text, "a function panicked"
        self.say("the connection's credentials lie in the secret store, and in no log")

    def update(self):
        """New code and a changed setting; the functions start anew and everything is still there."""
        for bootstrap in self.cloud.folder.glob("target/lambda/*/bootstrap"):
            with bootstrap.open("ab") as file:
                file.write(b"another version")  # behind the program's end, where nothing reads it
        self.cloud.deploy("template.yaml", LogRetentionDays="7")
        groups = self.cloud.logs.describe_log_groups(logGroupNamePrefix=f"/weir/{STAGE}/")["logGroups"]
        kept = {group.get("retentionInDays") for group in groups}
        assert kept == {7}, f"logs are kept {kept} days"
        self.cloud.post(f"/v1/connections/{self.connection}/test")
        order = self.sell([("MUG", 1)])
        self.sold += 1
        self.carry_notices()
        wait_for("an order came in after the update", 90, lambda: self.are_in(order))
        self.check_stock()
        self.say("the stack was updated with new code and a changed setting; what was there is there, and orders go on")

    def delete(self):
        self.cloud.delete()
        wait_for("the stack is gone", 120, lambda: self.cloud.status() in ("gone", "DELETE_COMPLETE"))
        left = self.cloud.client("lambda").list_functions()["Functions"]
        assert not left, [function["FunctionName"] for function in left]
        tables = self.cloud.client("dynamodb").list_tables()["TableNames"]
        assert len(tables) == 1, f"the table is to be kept: {tables}"
        self.say("the stack was deleted; the table was kept")
