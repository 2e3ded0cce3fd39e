#!/usr/bin/env python3
"""What other people's checkers say of the deployed system: checkov of every resource, parliament of every role.

    checkers.py check EXPANDED        every finding that infra/exceptions.toml does not name; exit 1 if there is one
    checkers.py self-test EXPANDED    plants faults, and sees each one found

EXPANDED is what `template_rules.py expand` writes. An exception that no finding needs is a finding itself.
"""

import collections
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
import warnings

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXCEPTIONS = ROOT / "infra" / "exceptions.toml"

# Where the placeholders of a policy are put: an account and a region that parliament takes for real ones.
REGION, ACCOUNT = "eu-west-1", "123456789012"
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
# What the attribute of a resource looks like once it is deployed.
DEPLOYED = {
    ("AWS::CloudWatch::Alarm", "Arn"): "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    ("AWS::DynamoDB::Table", "Arn"): "arn:aws:dynamodb:{region}:{account}:table/{name}",
    # With a label without colons: parliament takes them for the end of the resource.
    ("AWS::DynamoDB::Table", "StreamArn"): "arn:aws:dynamodb:{region}:{account}:table/{name}/stream/label",
    ("AWS::Events::EventBus", "Arn"): "arn:aws:events:{region}:{account}:event-bus/{name}",
    ("AWS::Lambda::Function", "Arn"): "arn:aws:lambda:{region}:{account}:function:{name}",
    ("AWS::Logs::LogGroup", "Arn"): "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    ("AWS::S3::Bucket", "Arn"): "arn:aws:s3:::{name}",
    ("AWS::SQS::Queue", "Arn"): "arn:aws:sqs:{region}:{account}:{name}",
    ("AWS::SecretsManager::Secret", "Id"): "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
}

Finding = collections.namedtuple("Finding", "checker check resource text")


# ---------------------------------------------------------------- policies as IAM gets them


def deployed(template, name, attribute):
    """A resource's attribute, or a parameter's value. What is not known here is refused, not guessed."""
    if attribute is None and name in PSEUDO:
        return PSEUDO[name]
    if attribute is None and name in template["Parameters"]:
        return str(template["Parameters"][name]["Default"])
    kind = template["Resources"][name]["Type"]
    if (kind, attribute) not in DEPLOYED:
        raise ValueError(f"{name}: what {attribute} of {kind} looks like is not known to infra/checkers.py")
    return DEPLOYED[kind, attribute].format(region=REGION, account=ACCOUNT, name=name)


def resolved(template, value):
    """The value with its intrinsic functions replaced by what they might become."""
    if isinstance(value, list):
        return [resolved(template, v) for v in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return deployed(template, value["Ref"], None)
    if "Fn::GetAtt" in value:
        return deployed(template, *value["Fn::GetAtt"])
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([^}.]+)(?:\.([^}]+))?\}", lambda m: deployed(template, *m.groups()), value["Fn::Sub"])
    if any(key.startswith("Fn::") for key in value):
        raise ValueError(f"a function that infra/checkers.py does not know: {value}")
    return {key: resolved(template, v) for key, v in value.items()}


# ---------------------------------------------------------------- the checkers


def parliament(template):
    """Actions that do not exist, resources that an action does not take, statements that say nothing."""
    # It reads its own files through a part of setuptools that has an end; the run pins the version that still has it.
    warnings.filterwarnings("ignore", "pkg_resources is deprecated")
    import parliament as library

    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                document = json.dumps(resolved(template, policy["PolicyDocument"]))
                for f in library.analyze_policy_string(document, include_community_auditors=True).findings:
                    # A mismatch lists all actions of its statement; each is a finding, so that an exception names one.
                    for detail in f.detail if f.issue == "RESOURCE_MISMATCH" else [f.detail]:
                        check = f"{f.issue} {detail['action']}" if f.issue == "RESOURCE_MISMATCH" else f.issue
                        yield Finding("parliament", check, f"AWS::IAM::Role.{name}", f"{f.title} {detail}")


def checkov(template):
    """The usual mistakes, resource by resource."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "template.json"
        file.write_text(json.dumps(template, indent=1))
        command = [str(pathlib.Path(sys.executable).parent / "checkov"), "--file", str(file), "--framework", "cloudformation"]
        # Without a download: it would ask its makers for their guidelines, and wait where there is no network.
        command += ["--quiet", "--compact", "--skip-download", "--output", "json"]
        run = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    said = json.loads(run.stdout)
    summary = said.get("summary", {})
    if summary.get("parsing_errors") != 0 or not summary.get("passed") or summary.get("resource_count") != len(template["Resources"]):
        raise ValueError(f"checkov did not read the template: {summary} {run.stderr[-500:]}")
    for f in said["results"]["failed_checks"]:
        yield Finding("checkov", f["check_id"], f["resource"], f["check_name"])


def findings(template):
    return list(checkov(template)) + list(parliament(template))


# ---------------------------------------------------------------- the exceptions


def read_exceptions():
    return tomllib.loads(EXCEPTIONS.read_text())["exception"]


def excepts(exception, finding):
    """Whether it names this finding: the check of the checker, on all resources of a type or on one."""
    named = exception["on"] in (finding.resource, finding.resource.rpartition(".")[0])
    return named and (exception["checker"], exception["check"]) == (finding.checker, finding.check)


def left(found, exceptions):
    """The findings that nothing excepts, and the exceptions that except nothing or say no reason."""
    used = set()
    for finding in found:
        by = [n for n, exception in enumerate(exceptions) if excepts(exception, finding)]
        used.update(by[:1])
        if not by:
            yield f"{finding.checker} {finding.check} {finding.resource}: {finding.text}"
    for n, exception in enumerate(exceptions):
        name = f"infra/exceptions.toml: {exception['checker']} {exception['check']} on {exception['on']}"
        if n not in used:
            yield f"{name}: no finding needs it"
        if len(exception.get("reason", "").split()) < 3:
            yield f"{name}: no reason"


# ---------------------------------------------------------------- the self-test


def planted(template):
    """A template with a fault for each of the returned (checker, check), which must all be found."""
    broken = copy.deepcopy(template)

    def of(kind):
        return next(r["Properties"] for r in broken["Resources"].values() if r["Type"] == kind)

    of("AWS::S3::Bucket")["PublicAccessBlockConfiguration"]["BlockPublicAcls"] = False
    of("AWS::S3::Bucket").pop("BucketEncryption")
    of("AWS::DynamoDB::Table").pop("PointInTimeRecoverySpecification")
    of("AWS::Logs::LogGroup").pop("RetentionInDays")
    of("AWS::Lambda::Function")["Environment"]["Variables"]["KEY"] = "AKIAIOSFODNN7EXAMPLE"
    of("AWS::ApiGatewayV2::Stage").pop("AccessLogSettings")
    # An action that does not exist ends parliament's look at that policy, so it stands in another.
    roles = [r["Properties"] for r in broken["Resources"].values() if r["Type"] == "AWS::IAM::Role"]
    unknown, statements = (role["Policies"][0]["PolicyDocument"]["Statement"] for role in roles[:2])
    table = next(name for name, r in broken["Resources"].items() if r["Type"] == "AWS::DynamoDB::Table")
    on_table = {"Fn::GetAtt": [table, "Arn"]}
    unknown.append({"Effect": "Allow", "Action": ["dynamodb:GetItems"], "Resource": on_table})
    statements.append({"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": on_table})
    statements.append({"Effect": "Allow", "Action": ["iam:CreateAccessKey"], "Resource": "*"})
    checks = ["CKV_AWS_53", "CKV_AWS_28", "CKV_AWS_66", "CKV_AWS_45", "CKV_AWS_95"]
    issues = ["UNKNOWN_ACTION", "RESOURCE_MISMATCH sqs:SendMessage", "CREDENTIALS_EXPOSURE", "RESOURCE_STAR"]
    return broken, [("checkov", check) for check in checks] + [("parliament", issue) for issue in issues]


def self_test(template):
    """(faults planted, those not found)."""
    exceptions = read_exceptions()
    broken, expected = planted(template)
    said = list(left(findings(broken), exceptions))
    missed = [" ".join(e) for e in expected if not any(s.startswith(" ".join(e) + " ") for s in said)]
    idle = {"checker": "checkov", "check": "CKV_AWS_1", "on": "AWS::SQS::Queue", "reason": "there is none of these"}
    silent = exceptions[0] | {"reason": ""}
    twice = exceptions + [exceptions[0]]
    found = findings(template)
    spoilt = {
        "an exception that nothing needs": exceptions + [idle],
        "an exception without a reason": [silent] + exceptions[1:],
        "an exception that is there twice": twice,
        "a finding without its exception": exceptions[1:],
    }
    missed += [what for what, changed in spoilt.items() if not list(left(found, changed))]
    return len(expected) + len(spoilt), missed


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("check", "self-test"):
        print(__doc__, file=sys.stderr)
        return 2
    template = json.loads(pathlib.Path(arguments[1]).read_text())
    if arguments[0] == "self-test":
        planted_faults, missed = self_test(template)
        print("\n".join([f"not found: {m}" for m in missed] + [f"{planted_faults} planted faults, {len(missed)} of them not found"]))
        return 1 if missed else 0
    found, exceptions = findings(template), read_exceptions()
    said = list(left(found, exceptions))
    print("\n".join(said + [f"checkov and parliament: {len(said)} findings; {len(exceptions)} exceptions with their reasons"]))
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
