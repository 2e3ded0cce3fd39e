"""Folds a shipments report of a million rows with Weir, with Python's csv.DictReader and with polars, in one run.

    python3 infra/shipments_report.py [--rows 1000000] [--rounds 3] [--binary PATH]

Makes the report (48 columns, 600,000 orders of 1,000,000 rows, some names in Cp1252, gzip), has each reader find
the orders, lines and units in it, and prints seconds, the most memory, and the ratios. A benchmark and no test:
nothing passes or fails by the clock. polars is taken from the Python that runs this, and left out where it is not.
Results: infra/shipments-report.md.
"""

import argparse
import gzip
import json
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

COLUMNS = """amazon-order-id merchant-order-id shipment-id shipment-item-id amazon-order-item-id
merchant-order-item-id purchase-date payments-date shipment-date reporting-date buyer-email buyer-name
buyer-phone-number sku product-name quantity-shipped currency item-price item-tax shipping-price shipping-tax
gift-wrap-price gift-wrap-tax ship-service-level recipient-name ship-address-1 ship-address-2 ship-address-3 ship-city
ship-state ship-postal-code ship-country ship-phone-number bill-address-1 bill-address-2 bill-address-3 bill-city
bill-state bill-postal-code bill-country item-promotion-discount ship-promotion-discount carrier tracking-number
estimated-arrival-date fulfillment-center-id fulfillment-channel sales-channel""".split()

NAMES = ["Jane Roe", "Jürgen Weiß", "Zoë Müller", "José Núñez", "Ann Other"]
TITLES = ['Mug, blue', 'Café crème 12" tray', "Lamp – warm white", "Käsereibe"]


def make(path, rows):
    """The report: of 5 rows 3 begin an order, 2 belong to the one before."""
    dice = random.Random(7)
    orders = 0
    with gzip.open(path, "wb", compresslevel=5) as out:
        out.write(("\t".join(COLUMNS) + "\r\n").encode("cp1252"))
        for number in range(rows):
            if number % 5 in (0, 2, 4):
                orders += 1
                order = f"{dice.randrange(100, 999)}-{orders:07d}-{dice.randrange(10**6, 10**7)}"
                ours = f"W{orders:07d}-K7Q2" if orders % 3 == 0 else ""
                name = dice.choice(NAMES)
            day = 1 + number % 28
            when = f"2026-10-{day:02d}T{number % 24:02d}:15:00+00:00"
            row = dict.fromkeys(COLUMNS, "")
            row.update({
                "amazon-order-id": order, "merchant-order-id": ours, "shipment-id": f"D{orders:08d}",
                "shipment-item-id": f"Di{number:09d}", "amazon-order-item-id": f"{number:014d}",
                "merchant-order-item-id": str(1 + number % 3) if ours else "",
                "purchase-date": when, "payments-date": when, "shipment-date": when, "reporting-date": when,
                "buyer-email": f"b{orders}@marketplace.example", "buyer-name": name,
                "buyer-phone-number": "555-0100", "sku": f"SKU-{number % 997:04d}",
                "product-name": dice.choice(TITLES), "quantity-shipped": str(1 + number % 3), "currency": "EUR",
                "item-price": "19.99", "item-tax": "3.19", "ship-service-level": "Standard", "recipient-name": name,
                "ship-address-1": f"{number % 300} Hauptstraße", "ship-city": "Köln", "ship-postal-code": "50667",
                "ship-country": "DE", "carrier": "DHL", "tracking-number": f"JJD{dice.randrange(10**15):015d}",
                "estimated-arrival-date": when, "fulfillment-center-id": "LEJ1", "fulfillment-channel": "AFN",
                "sales-channel": "Amazon.de",
            })
            out.write(("\t".join(row.values()) + "\r\n").encode("cp1252"))
    return orders


def with_dict_reader(path):
    """What a script would do: one dictionary for each row, gathered by order."""
    import csv
    orders, rows, units = {}, 0, 0
    with gzip.open(path, "rt", encoding="cp1252", newline="") as text:
        for row in csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE):
            rows += 1
            quantity = int(row["quantity-shipped"])
            units += quantity
            order = row["merchant-order-id"] or row["amazon-order-id"]
            orders.setdefault(order, []).append((
                row["shipment-id"], row["shipment-item-id"], row["sku"], quantity, row["carrier"],
                row["tracking-number"], row["shipment-date"],
            ))
    return {"rows": rows, "orders": len(orders), "units": units}


def with_polars(path):
    """The same with a table in memory; the characters have to be changed first, which it does not do."""
    import polars
    with gzip.open(path, "rb") as raw:
        text = raw.read().decode("cp1252").encode("utf-8")
    table = polars.read_csv(text, separator="\t", quote_char=None, infer_schema=False)
    table = table.with_columns(
        polars.col("quantity-shipped").cast(polars.Int64),
        polars.coalesce(
            polars.when(polars.col("merchant-order-id") != "").then(polars.col("merchant-order-id")),
            polars.col("amazon-order-id"),
        ).alias("order"),
    )
    kept = ["shipment-id", "shipment-item-id", "sku", "quantity-shipped", "carrier", "tracking-number", "shipment-date"]
    orders = table.group_by("order").agg([polars.col(name) for name in kept])
    return {"rows": table.height, "orders": orders.height, "units": int(table["quantity-shipped"].sum())}


READERS = {"csv.DictReader": with_dict_reader, "polars": with_polars}


def run_reader(name, path):
    began = time.monotonic()
    found = READERS[name](path)
    found["milliseconds"] = round((time.monotonic() - began) * 1000)
    found["peak_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(found))


def measured(command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--binary", help="the built example `shipments_report` of weir-channels")
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reader:
        run_reader(given.reader, given.file)
        return
    root = pathlib.Path(__file__).parent.parent
    binary = given.binary
    if not binary:
        subprocess.run(
            ["cargo", "build", "-q", "--release", "-p", "weir-channels", "--example", "shipments_report"],
            check=True, cwd=root,
        )
        binary = root / "target/release/examples/shipments_report"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "report.gz"
        orders = make(path, given.rows)
        print(f"{given.rows} rows, {orders} orders, {path.stat().st_size / 1e6:.1f} MB compressed")
        commands = {"Weir": [str(binary), str(path)]}
        for name in READERS:
            commands[name] = [sys.executable, __file__, "--reader", name, "--file", str(path)]
        best = {}
        for _ in range(given.rounds):
            for name, command in list(commands.items()):
                try:
                    found = measured(command)
                except subprocess.CalledProcessError as error:
                    print(f"{name}: left out ({error.stderr.strip().splitlines()[-1]})")
                    del commands[name]
                    continue
                if name not in best or found["milliseconds"] < best[name]["milliseconds"]:
                    best[name] = found
        facts = {(found["rows"], found["orders"], found["units"]) for found in best.values()}
        if len(facts) != 1:
            sys.exit(f"the readers found different things: {best}")
        ours = best["Weir"]
        print(f"{'reader':16} {'seconds':>8} {'peak MiB':>9} {'time':>7} {'memory':>7}   (as many times as Weir)")
        for name, found in best.items():
            seconds, peak = found["milliseconds"] / 1000, found["peak_kib"] / 1024
            slower = found["milliseconds"] / ours["milliseconds"]
            larger = found["peak_kib"] / ours["peak_kib"]
            print(f"{name:16} {seconds:8.2f} {peak:9.1f} {slower:6.1f}x {larger:6.1f}x")


if __name__ == "__main__":
    main()
