"""A web shop of the deployed system: its orders come in by signed deliveries at the public door and by the search, what
is delivered here is fulfilled there, and what Shopify forgets or fails at is made good."""

import base64
import hashlib
import hmac
import json
import time
import urllib.parse
import urllib.request

from cloud import STAGE, wait_for

CUPS = 500

# The sweeper runs each minute, and asks each shop in a minute of the hour of its own whether its webhooks are there.
# A shop whose minute comes soon, and not too soon, is looked for: minutes from now.
SOON = range(2, 5)

# Of a shop in sixty one has a given minute.
SHOPS = 400

# A search sees an order two minutes after it was placed, and runs each minute.
SEARCHED_WITHIN = 360

# The sweeper takes what has been lying for two minutes, and runs each minute.
SWEPT_WITHIN = 360


def own_minute(connection):
    """The minute of the hour in which the sweeper asks for a connection's webhooks, as shared/app/src/sweep.rs has it."""
    total = 0
    for byte in connection.encode():
        total = (total * 31 + byte) % 60
    return total


class Shop:
    channel, title, sku = "shopify", "Shopify", "CUP"

    def __init__(self, cloud, recorder, sandbox, say):
        self.cloud, self.recorder, self.sandbox, self.say = cloud, recorder, sandbox, say
        self.delivered = 0

    # ---- the sandboxed channel

    def call(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.sandbox + "/_sandbox" + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def sell(self, quantity):
        lines = [{"sku": self.sku, "quantity": quantity}]
        return self.call(f"/shops/{self.domain}/orders", {"orders": [lines]})[0]

    def topics(self):
        return self.call(f"/shops/{self.domain}/topics")

    def fulfillments(self, order):
        return self.call(f"/orders/{order}")["fulfillments"]

    # ---- the door

    def knock(self, connection, headers, body):
        return self.cloud.knock(f"/webhooks/{self.channel}/{connection}", headers, body)

    def topic_of(self, delivery):
        return next(value for name, value in delivery["headers"] if name.lower() == "x-shopify-topic")

    def carry_deliveries(self, wanted=""):
        """What is delivered now of the topics that begin so, each answered well; the topics. The others are lost."""
        topics = []
        for delivery in self.call("/webhooks"):
            topic = self.topic_of(delivery)
            if not topic.startswith(wanted):
                continue
            place = urllib.parse.urlsplit(delivery["uri"])
            assert f"{place.scheme}://{place.netloc}" == self.cloud.public_url, delivery["uri"]
            headers = dict(delivery["headers"])
            status = self.cloud.knock(place.path, headers, delivery["body"].encode())
            assert status == 200, f"a delivery of {self.title} was answered with {status}"
            topics.append(topic)
        return topics

    def signed(self, topic, body):
        """Headers of a delivery as Shopify makes them."""
        made = hmac.new(self.credentials["client_secret"].encode(), body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": self.domain,
            "X-Shopify-Hmac-Sha256": base64.b64encode(made).decode(),
        }

    # ---- what the API says

    def outcome(self, order):
        found = self.cloud.get("/v1/outcomes", channel_order_id=order)["data"]
        return f"{found[0]['kind']} {found[0]['code']}" if found else "nothing"

    def is_in(self, order):
        return self.outcome(order).split()[0] in ("imported", "updated", "unchanged")

    def sales_order(self, order):
        found = self.cloud.get("/v1/sales_orders", channel_order_id=order)["data"]
        assert len(found) == 1, f"{len(found)} sales orders of {order}"
        return self.cloud.get(f"/v1/sales_orders/{found[0]['id']}")

    # ---- the steps

    def stock(self, quantity):
        """A place of the merchant's own with goods in it; its id."""
        cloud = self.cloud
        location = cloud.post("/v1/locations", {"name": f"Workshop for {self.title}", "kind": "own"})["id"]
        cloud.post("/v1/variants", {"sku": self.sku, "name": self.sku.capitalize()})
        rows = [{"sku": self.sku, "quantity": quantity}]
        cloud.post("/v1/stock_adjustments", {"location_id": location, "reason": "count", "rows": rows})
        return location

    def connect(self):
        cloud = self.cloud
        self.location = self.stock(CUPS)
        for number in range(SHOPS):
            self.domain = f"check-{number}.myshopify.com"
            parts = self.call(f"/shops/{self.domain}/connection")
            made = cloud.post("/v1/connections", {"name": "Shop", "default_location_id": self.location, **parts})
            if (own_minute(made["id"]) - time.gmtime().tm_min) % 60 in SOON:
                break
        else:
            raise RuntimeError("no shop's minute comes soon")
        self.connection, self.credentials = made["id"], parts["credentials"]
        cloud.post(f"/v1/connections/{self.connection}/test")
        active = cloud.post(f"/v1/connections/{self.connection}/activate")
        assert active["status"] == "active", active
        self.subscribed = len(self.topics())
        assert self.subscribed > 10, f"Shopify delivers {self.subscribed} topics"
        self.say(f"a connection to a sandboxed Shopify is active, and Shopify delivers {self.subscribed} topics to the door")

    def sell_by_webhook(self):
        order = self.sell(2)
        delivered = self.carry_deliveries()
        began = time.monotonic()
        wait_for("the delivered order is in", 60, lambda: self.is_in(order))
        found = self.sales_order(order)
        assert found["status"] == "not_shipped" and found["rows"][0]["sku"] == self.sku, found
        self.say(f"a signed delivery ({', '.join(sorted(set(delivered)))}) brought order {order} in after "
                 f"{time.monotonic() - began:.1f} s")
        return order

    def forge(self):
        """What is not signed, or not for this connection, is refused; what is signed and useless is not."""
        body = json.dumps({"id": 6200000000001, "admin_graphql_api_id": "gid://shopify/Order/6200000000001"}).encode()
        signed = self.signed("orders/create", body)
        unsigned = {name: value for name, value in signed.items() if "Hmac" not in name}
        refused = [
            self.knock(self.connection, signed, body.replace(b"6200000000001", b"6200000000002")),
            self.knock(self.connection, unsigned, body),
            self.knock("con_nobodys", signed, body),
        ]
        assert refused == [401, 401, 401], f"forged deliveries are answered with {refused}"
        useless = self.knock(self.connection, self.signed("themes/publish", body), body)
        assert useless == 200, f"a signed delivery that nobody needs is answered with {useless}"
        assert self.outcome("6200000000001") == self.outcome("6200000000002") == "nothing"
        self.say("forged deliveries are refused with 401, and nothing came of them")

    def forget_topics(self):
        """Shopify removes the webhooks and tells nobody; an order of that time has to be searched for."""
        self.call(f"/shops/{self.domain}/topics", method="DELETE")
        assert not self.topics()
        order = self.sell(1)
        assert not self.carry_deliveries()
        return order

    def wait_for_search(self, order):
        wait_for("the search found the shop's order", SEARCHED_WITHIN, lambda: self.is_in(order), pause=2)
        self.say(f"the search brought order {order} in, of which {self.title} did not tell")

    def wait_for_topics(self):
        wait_for("the webhooks are back", 420, lambda: len(self.topics()) == self.subscribed, pause=2)
        self.say("the webhooks that Shopify had removed were put back by the sweeper")

    def deliver(self, order):
        """A person packs the first row and gives it to the carrier."""
        found = self.sales_order(order)
        row = found["rows"][0]
        number = f"1Z{order}"
        made = self.cloud.post(f"/v1/sales_orders/{found['id']}/fulfillments", {
            "status": "delivered",
            "rows": [{"row_id": row["id"], "quantity": row["quantity"]}],
            "tracking": {"number": number, "carrier": "UPS"},
        })
        assert made["status"] == "delivered", made
        self.delivered += row["quantity"]
        return number

    def wait_for_push(self, order, number, seconds):
        made = wait_for("the fulfillment is at the shop", seconds, lambda: self.fulfillments(order), pause=2)
        quantity = self.sales_order(order)["rows"][0]["quantity"]
        numbers = [one["tracking_numbers"] for one in made]
        assert [one["units"] for one in made] == [quantity] and numbers == [[number]], made
        assert made[0]["by_application"], made
        on_hand = int(self.cloud.get("/v1/inventory", sku="CUP")["data"][0]["on_hand"])
        assert on_hand == CUPS - self.delivered, f"on hand {on_hand}, expected {CUPS - self.delivered}"

    def wait_for_late_push(self, order, number):
        self.wait_for_push(order, number, SWEPT_WITHIN)
        self.say(f"what was delivered of order {order} is fulfilled at the shop, with its tracking; the sweeper sent it")

    def push_at_once(self, order):
        number = self.deliver(order)
        self.wait_for_push(order, number, 60)
        heard = self.carry_deliveries()
        assert any(topic.startswith("fulfillments/") for topic in heard), f"Shopify tells of {heard}"
        wait_for("the echo is dealt with", 60, lambda: self.cloud.depth("import-shopify") == 0)
        assert len(self.fulfillments(order)) == 1 and len(self.sales_order(order)["fulfillments"]) == 1
        self.say(f"what was delivered of order {order} is fulfilled at the shop, once, and its echo changed nothing")

    def fall_ill(self):
        """Every call of the channel's API fails, while its deliveries come."""
        self.call("/trouble", {"on": True})
        order = self.sell(1)
        # What names a part of an order has to ask the channel whose it is, and would return to its queue until it dies.
        self.carry_deliveries("orders/" if self.channel == "shopify" else "")
        wait_for("the order waits for its channel", 60, lambda: self.outcome(order) == "waiting channel_trouble")
        return order

    def recover(self, order):
        signalled = ("weir-sweeper", "sqs:SendMessage", f"weir-{STAGE}-import-{self.channel}")
        wait_for("the sweeper signals what waits", SWEPT_WITHIN, lambda: signalled in self.recorder.seen, pause=2)
        self.call("/trouble", {"on": False})
        wait_for("the order is in", SWEPT_WITHIN, lambda: self.is_in(order), pause=2)
        self.say(f"order {order} waited while {self.title} was in trouble, and came in by itself")

    def ask_for(self, order):
        """A person has an order looked at again."""
        self.cloud.post("/v1/signals", {"connection_id": self.connection, "channel_order_id": order})
        wait_for("the signal is dealt with", 60, lambda: self.cloud.depth(f"import-{self.channel}") == 0)

    def erase(self, order):
        """The merchant left: Shopify asks that all personal data be erased."""
        assert self.sales_order(order)["customer"], "the order has no customer before"
        body = json.dumps({"shop_id": 1, "shop_domain": self.domain}).encode()
        assert self.knock(self.connection, self.signed("shop/redact", body), body) == 200
        wait_for("the buyer is erased", 60, lambda: not (self.sales_order(order)["customer"] or {}).get("email"))
        self.say("Shopify's request to erase a shop's personal data was carried out; the order's figures stay")
