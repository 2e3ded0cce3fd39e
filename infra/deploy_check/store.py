"""A store with one status, of the deployed system: its orders come in at the first activation, by signed deliveries and by
the search; what is delivered here completes them there."""

import base64
import hashlib
import hmac
import json
import time

from cloud import wait_for
from shop import SWEPT_WITHIN, Shop

PLATES = 500

# The statuses of the channel's API.
AWAITING_FULFILLMENT, COMPLETED = 11, 10

# A new hook works a minute after it was made.
HOOKS_WORK_AFTER = 62


class Store(Shop):
    channel, title, sku = "bigcommerce", "BigCommerce", "PLATE"

    def topic_of(self, delivery):
        return json.loads(delivery["body"])["scope"]

    def status(self, order):
        return self.call(f"/shops/{self.domain}/orders/{order}")["status_id"]

    def body(self, order, scope="store/order/created"):
        told = {"scope": scope, "store_id": "1001", "data": {"type": "order", "id": int(order)},
                "hash": "0" * 40, "created_at": int(time.time()), "producer": f"stores/{self.domain}"}
        return json.dumps(told).encode()

    def signed(self, body):
        """Headers of a delivery as BigCommerce makes them."""
        identifier, now = "msg_check", str(int(time.time()))
        signed = f"{identifier}.{now}.".encode() + body
        made = hmac.new(self.credentials["client_secret"].encode(), signed, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "webhook-id": identifier,
            "webhook-timestamp": now,
            "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
        }

    # ---- the steps

    def connect(self):
        cloud = self.cloud
        self.domain = "checkstore"
        self.location = self.stock(PLATES)
        parts = self.call(f"/shops/{self.domain}/connection")
        made = cloud.post("/v1/connections", {"name": "Store", "default_location_id": self.location, **parts})
        self.connection, self.credentials = made["id"], parts["credentials"]
        order = self.sell(2)
        cloud.post(f"/v1/connections/{self.connection}/test")
        active = cloud.post(f"/v1/connections/{self.connection}/activate")
        assert active["status"] == "active", active
        self.connected = time.monotonic()
        self.subscribed = len(self.topics())
        assert self.subscribed > 4, f"BigCommerce delivers {self.subscribed} scopes"
        self.ask_for(order)
        wait_for("an order of before the activation is in", 60, lambda: self.is_in(order))
        self.say(f"a connection to a sandboxed BigCommerce is active with {self.subscribed} hooks, and an order is in that "
                 "was open before")
        return order

    def sell_by_webhook(self):
        time.sleep(max(0, self.connected + HOOKS_WORK_AFTER - time.monotonic()))
        return super().sell_by_webhook()

    def forge(self):
        """What shows neither signature nor header, or is of another time, is refused; what is signed and useless is not."""
        body = self.body(999_001)
        signed = self.signed(body)
        refused = [
            self.knock(self.connection, signed, self.body(999_002)),
            self.knock(self.connection, {"Content-Type": "application/json"}, body),
            self.knock(self.connection, {"Content-Type": "application/json", "x-weir-webhook": "guessed"}, body),
            self.knock(self.connection, {**signed, "webhook-timestamp": str(int(time.time()) - 3600)}, body),
            self.knock("con_nobodys", signed, body),
        ]
        assert refused == [401] * 5, f"forged deliveries are answered with {refused}"
        other = self.body(999_001, "store/cart/created")
        useless = self.knock(self.connection, self.signed(other), other)
        assert useless == 200, f"a signed delivery that nobody needs is answered with {useless}"
        assert self.outcome("999001") == self.outcome("999002") == "nothing"
        self.say("forged deliveries of BigCommerce are refused with 401, and nothing came of them")

    def sell_unheard(self):
        """Its delivery is lost; the search has to find it."""
        order = self.sell(1)
        self.carry_deliveries("nothing")
        return order

    def sell_what_was_typed_in(self):
        """It waits until somebody lets such things in; then what waits for that is looked at."""
        lines = [{"sku": "", "quantity": 1}]
        order = self.call(f"/shops/{self.domain}/orders", {"orders": [lines]})[0]
        self.carry_deliveries()
        wait_for("an order of a custom item waits", 60, lambda: self.outcome(order) == "waiting custom_item")
        settings = {"settings": {"create_custom_items": True}}
        status, answer = self.cloud.ask("PATCH", f"/v1/connections/{self.connection}", settings)
        assert status == 200, answer
        wait_for("it comes in", 120, lambda: self.is_in(order))
        self.say(f"order {order} of a custom item waited, and came in once the connection lets such items in")

    def wait_for_push(self, order, number, seconds):
        wait_for("the order is completed in the store", seconds, lambda: self.status(order) == COMPLETED, pause=2)
        on_hand = int(self.cloud.get("/v1/inventory", sku=self.sku)["data"][0]["on_hand"])
        assert on_hand == PLATES - self.delivered, f"on hand {on_hand}, expected {PLATES - self.delivered}"

    def wait_for_late_push(self, order, number):
        self.wait_for_push(order, number, SWEPT_WITHIN)
        self.say(f"order {order} was delivered here and is completed in the store; the sweeper sent it")

    def push_at_once(self, order):
        assert self.status(order) == AWAITING_FULFILLMENT
        self.wait_for_push(order, self.deliver(order), 60)
        self.carry_deliveries()
        wait_for("the echo is dealt with", 60, lambda: self.cloud.depth("import-bigcommerce") == 0)
        assert self.sales_order(order)["status"] == "delivered"
        self.say(f"order {order} was delivered here and is completed in the store, and its echo changed nothing")
