#!/usr/bin/env python3
"""What a web shop's delivery and order cost in CPU time, beside Shopify's own library on the same bodies.

    cargo build --release --package weir-webhook-bench && python3 infra/webhook_bench.py

Makes signed bodies, hands them to Weir's code and to @shopify/shopify-api in turns, and prints a table in
Markdown. A benchmark and no test: nothing here passes or fails by the clock. The library decides nothing: of
an order it only parses what Weir also maps and decides upon.

    --rounds N       turns of each program (at least 5 to be quoted)
    --seconds N      CPU seconds of each measure in a turn
    --binary PATH    Weir's half; the target directory's `release/weir-webhook-bench` unless told

Needs node and npm; what they install lies in the user's cache.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import pathlib
import platform
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "infra" / "webhook_bench" / "library.mjs"
CASE = ROOT / "shared" / "channels" / "tests" / "golden" / "shopify" / "us-tax-added.json"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "weir" / "webhook-bench"
PACKAGE = "@shopify/shopify-api@13.1.0"

SHOP = "blue-mugs.myshopify.com"
SECRET = "shpss_0123456789abcdef0123456789abcdef"

# Lines of an order: a usual one, and a large one that one answer still holds.
SIZES = [1, 3, 20]


def money(amount):
    """An amount as a delivery tells it: in the shop's currency and in the buyer's."""
    both = {"amount": amount, "currency_code": "USD"}
    return {"shop_money": both, "presentment_money": both}


def webhook_line(number):
    """A line of an order as `orders/create` has it."""
    return {
        "id": 866550311766439020 + number, "admin_graphql_api_id": f"gid://shopify/LineItem/{866550311766439020 + number}",
        "attributed_staffs": [], "current_quantity": 2, "fulfillable_quantity": 2, "fulfillment_service": "manual",
        "fulfillment_status": None, "gift_card": False, "grams": 567, "name": f"Blue mug {number}", "price": "20.00",
        "price_set": money("20.00"), "product_exists": True, "product_id": 632910392, "properties": [], "quantity": 2,
        "requires_shipping": True, "sku": f"MUG-BLUE-{number}", "taxable": True, "title": "Blue mug", "total_discount": "0.00",
        "total_discount_set": money("0.00"), "variant_id": 808950810 + number, "variant_inventory_management": "shopify",
        "variant_title": None, "vendor": "Blue mugs", "duties": [], "discount_allocations": [],
        "tax_lines": [{"channel_liable": False, "price": "2.50", "price_set": money("2.50"), "rate": 0.0625, "title": "State Tax"}],
    }


def webhook(lines):
    """A delivery of `orders/create`, with the fields that Shopify's published schema names."""
    address = {
        "first_name": "Jane", "last_name": "Roe", "address1": "1 High Street", "address2": "Apt 2", "phone": "555-625-1199",
        "city": "Springfield", "zip": "62701", "province": "Illinois", "country": "United States", "company": None,
        "latitude": None, "longitude": None, "name": "Jane Roe", "country_code": "US", "province_code": "IL",
    }
    totals = ["current_subtotal_price", "current_total_discounts", "current_total_price", "current_total_tax",
              "subtotal_price", "total_discounts", "total_line_items_price", "total_price", "total_tax",
              "total_outstanding", "total_tip_received"]
    order = {
        "id": 820982911946154508, "admin_graphql_api_id": "gid://shopify/Order/820982911946154508", "app_id": None,
        "browser_ip": None, "buyer_accepts_marketing": True, "cancel_reason": None, "cancelled_at": None, "cart_token": None,
        "checkout_id": None, "checkout_token": None, "client_details": None, "closed_at": None, "confirmation_number": None,
        "confirmed": False, "contact_email": "jane@example.com", "created_at": "2026-11-18T08:15:30-05:00", "currency": "USD",
        "customer_locale": "en", "device_id": None, "discount_codes": [], "duties_included": False, "email": "jane@example.com",
        "estimated_taxes": False, "financial_status": "paid", "fulfillment_status": None, "landing_site": None,
        "location_id": None, "merchant_business_entity_id": "MTU0ODM4MDAwOQ", "name": "#1001", "note": None,
        "note_attributes": [], "number": 1, "order_number": 1001, "order_status_url": f"https://{SHOP}/690933842/orders/123456abcd",
        "payment_gateway_names": ["visa", "bogus"], "phone": None, "po_number": None, "presentment_currency": "USD",
        "processed_at": "2026-11-18T08:15:30-05:00", "reference": None, "referring_site": None, "source_name": "web",
        "tags": "tag1, tag2", "tax_exempt": False, "tax_lines": [], "taxes_included": False, "test": False, "token": "123456abcd",
        "total_weight": 0, "updated_at": "2026-11-18T08:15:30-05:00", "user_id": None, "billing_address": address,
        "shipping_address": address, "discount_applications": [], "fulfillments": [], "payment_terms": None, "refunds": [],
        "customer": {"id": 115310627314723954, "email": "jane@example.com", "created_at": None, "updated_at": None,
                     "first_name": "Jane", "last_name": "Roe", "state": "disabled", "note": None, "verified_email": True,
                     "tags": "", "currency": "USD", "admin_graphql_api_id": "gid://shopify/Customer/115310627314723954",
                     "default_address": address},
        "line_items": [webhook_line(number) for number in range(lines)],
        "shipping_lines": [{"id": 271878346596884015, "carrier_identifier": None, "code": None, "price": "10.00",
                            "price_set": money("10.00"), "discounted_price": "10.00", "discounted_price_set": money("10.00"),
                            "is_removed": False, "phone": None, "source": "shopify", "title": "Standard", "tax_lines": [],
                            "discount_allocations": []}],
    }
    for name in totals:
        order[name] = "0.00"
        order[f"{name}_set"] = money("0.00")
    return json.dumps(order, separators=(",", ":")).encode()


def answers(lines):
    """The shop's answer about it, as Weir's query asks for it."""
    kept = json.loads(CASE.read_text())
    order = kept["answers"][0]["order"]
    nodes, parts = order["lineItems"]["nodes"], order["fulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"]
    line, part = nodes[0], parts[0]

    def numbered(node, kind, number, **fields):
        return {**node, "id": f"gid://shopify/{kind}/{number}", **fields}

    order["lineItems"]["nodes"] = [numbered(line, "LineItem", 100 + place, sku=f"MUG-BLUE-{place}") for place in range(lines)]
    order["fulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"] = [
        numbered(part, "FulfillmentOrderLineItem", 500 + place, lineItem={"id": f"gid://shopify/LineItem/{100 + place}"})
        for place in range(lines)
    ]
    return json.dumps(kept, separators=(",", ":")).encode()


def write(folder, lines):
    """Puts down everything that both programs read. Says how large the bodies are."""
    body, answer = webhook(lines), answers(lines)
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    headers = {
        "X-Shopify-Topic": "orders/create", "X-Shopify-Shop-Domain": SHOP, "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "X-Shopify-Triggered-At": "2026-11-18T13:15:30.123456789Z", "X-Shopify-Hmac-Sha256": signature,
    }
    (folder / "headers.txt").write_text("".join(f"{name}: {value}\n" for name, value in headers.items()))
    (folder / "webhook.json").write_bytes(body)
    (folder / "answers.json").write_bytes(answer)
    (folder / "secret.txt").write_text(SECRET)
    (folder / "shop.txt").write_text(SHOP)
    (folder / "format.txt").write_text("2026-10")
    return len(body), len(answer)


def run(command):
    """The figures that a program prints on its last line."""
    done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def install():
    """Shopify's library, once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    known = CACHE / "node_modules" / "@shopify" / "shopify-api" / "package.json"
    if not known.exists() or json.loads(known.read_text())["version"] != PACKAGE.rsplit("@", 1)[1]:
        (CACHE / "package.json").write_text('{"private": true}')
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", PACKAGE], cwd=CACHE, check=True, stdout=subprocess.DEVNULL)
    return CACHE


def processor():
    """What the machine says of its processor."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(": ", 1)[1] for line in lines if line.startswith("model name") and ": " in line]
    return names[0] if names else platform.machine()


def told(nanoseconds):
    """Microseconds, median and least."""
    return f"{statistics.median(nanoseconds) / 1000:.1f} ({min(nanoseconds) / 1000:.1f})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=1)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    parser.add_argument("--binary", type=pathlib.Path, default=target / "release" / "weir-webhook-bench")
    asked = parser.parse_args()
    packages = install()
    rows, versions = [], {}
    for lines in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            sizes = write(folder, lines)
            weir, library = [], []
            # In turns, so that what else the machine does falls on both.
            for _ in range(asked.rounds):
                weir.append(run([asked.binary, folder, asked.seconds]))
                library.append(run(["node", LIBRARY, folder, asked.seconds, packages]))
        versions = {"node": library[0]["node"], "library": library[0]["library"]}
        for what, field, size in (("delivery at the door", "door_ns", sizes[0]), ("order, to the decision", "order_ns", sum(sizes))):
            ours, theirs = [turn[field] for turn in weir], [turn[field] for turn in library]
            ratio = statistics.median(theirs) / statistics.median(ours)
            rows.append(f"| {what} | {lines} | {size / 1000:.1f} kB | {told(ours)} | {told(theirs)} | {ratio:.1f} |")
    load = os.getloadavg()[0]
    print(f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, load {load:.1f}; "
          f"Node {versions['node']}, @shopify/shopify-api {versions['library']}; {asked.rounds} turns of each.\n")
    print("| what | lines | bytes read | Weir, µs of CPU | library, µs of CPU | ratio |\n| --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
