"""Generated accounts of an organization, as iam-collect lays them on disk: 250 roles with stacks of every kind.

Roles have policies, some a boundary; accounts have service and resource control policies, one has none; tables and buckets
are unknown (not in the folder), without a policy, or with one. All of it follows from a seed.
"""
import json
import urllib.parse

ORGANIZATION = "o-a1b2c3d4e5"
ACCOUNTS = ["111122223333", "222233334444", "333344445555", "444455556666", "555566667777"]
ROLES = 50  # In each account.
TEAMS = ["red", "blue", "a.b"]
REGIONS = ["eu-west-1", "us-east-1"]
NAMES = ["red-1", "blue-1", "logs", "a.b-1", "x"]
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class World:
    """What was generated, as the evaluator takes it."""

    def __init__(self, random):
        self.random, self.roles, self.resources, self.controls = random, {}, {}, {}
        for account in ACCOUNTS:
            self.controls[account] = self.control(account)
            for name in NAMES:
                for region in REGIONS:
                    self.resource(f"arn:aws:dynamodb:{region}:{account}:table/{name}", account)
                self.resource(f"arn:aws:s3:::{name}-{account}", account)
            for at in range(ROLES):
                self.role(account, f"role{at}")

    # Policies

    def statement(self, effect, account, conditions=0.5):
        random = self.random
        own = lambda: account if random.random() < 0.8 else random.choice(["*", *ACCOUNTS])
        actions = ["dynamodb:DeleteTable", "dynamodb:Delete*", "dynamodb:*Table", "dynamodb:*", "DynamoDB:deletetable", "s3:GetObject", "s3:Get*",
                   "s3:*", "*", "s3:?etObject", "ec2:*", "dynamodb:GetItem"]
        resources = ["*", f"arn:aws:dynamodb:*:{own()}:table/*", f"arn:aws:dynamodb:eu-west-1:{own()}:table/{random.choice(NAMES[:3])}",
                     f"arn:aws:dynamodb:*:{own()}:table/${{aws:PrincipalTag/team}}-*", "arn:aws:s3:::*", f"arn:aws:s3:::logs-{own()}/*",
                     f"arn:aws:s3:::red-1-{own()}/home/${{aws:PrincipalTag/team, 'none'}}/*", "arn:aws:s3:::x-??????????33/*", "arn:aws:ec2:*:*:*"]
        out = {"Effect": effect}
        out["Action" if random.random() < 0.9 else "NotAction"] = random.sample(actions, random.randint(1, 3))
        out["Resource" if random.random() < 0.9 else "NotResource"] = random.sample(resources, random.randint(1, 3))
        block = {}
        while random.random() < conditions:
            operator, key, values = self.condition()
            block.setdefault(operator, {})[key] = values
        if block:
            out["Condition"] = block
        return out

    def condition(self):
        random = self.random
        pick = lambda of: random.sample(of, random.randint(1, min(2, len(of))))
        one = lambda of: of if random.random() < 0.5 else of + "IfExists"
        return random.choice([
            (one(random.choice(["StringEquals", "StringNotEquals"])), "aws:SourceVpce", pick(["vpce-1a", "vpce-2b"])),
            (one(random.choice(["StringLike", "StringNotLike"])), "aws:UserAgent", pick(["*curl*", "aws-cli/2.*", "x?y"])),
            (one(random.choice(["StringEquals", "StringNotEqualsIgnoreCase"])), "aws:RequestedRegion", pick(REGIONS)),
            (one("StringEquals"), "aws:PrincipalTag/team", pick(TEAMS[:2])),
            (one(random.choice(["StringEquals", "StringNotEquals"])), "aws:ResourceTag/team", pick([*TEAMS, "${aws:PrincipalTag/team}"])),
            (one(random.choice(["IpAddress", "NotIpAddress"])), "aws:SourceIp", pick(["192.0.2.0/24", "198.51.100.7", "2001:db8::/32"])),
            (one(random.choice(["Bool"])), "aws:SecureTransport", [random.choice([True, "false"])]),
            ("Null", random.choice(["aws:SourceVpce", "aws:PrincipalTag/team", "aws:SourceIp"]), [random.choice(["true", "false"])]),
            (one(random.choice(["ArnLike", "ArnNotLike"])), "aws:PrincipalArn", pick(["arn:aws:iam::*:role/role1*", "arn:aws:iam::*:role/role?"])),
            (random.choice(["ForAnyValue:StringLike", "ForAllValues:StringLike"]), "aws:PrincipalOrgPaths", [f"{ORGANIZATION}/r-1/ou-1/*"]),
            ("StringEquals", "aws:PrincipalOrgID", [ORGANIZATION]),
        ])

    def policy(self, account, allows, denies, conditions=0.5):
        statements = [self.statement("Allow", account, conditions) for _ in range(allows)]
        statements += [self.statement("Deny", account, conditions) for _ in range(denies)]
        return {"Version": "2012-10-17" if self.random.random() < 0.9 else "2008-10-17", "Statement": statements}

    # Who and what there is

    def role(self, account, name):
        random = self.random
        tags = {} if random.random() < 0.3 else {"team": random.choice(TEAMS)}
        arn = f"arn:aws:iam::{account}:role/{name}"
        self.roles[arn] = {
            "account": account, "name": name, "id": f"AROA{account}{name.upper()}", "tags": tags,
            "identity": [self.policy(account, random.randint(0, 2), random.choice([0, 0, 0, 1])) for _ in range(random.randint(1, 3))],
            "boundary": self.policy(account, random.randint(1, 3), random.choice([0, 0, 1]), 0.3) if random.random() < 0.4 else None,
        }

    def resource(self, arn, account):
        random, kind = self.random, self.random.random()
        if kind < 0.4:
            return
        policy = None
        if kind > 0.6:
            other = lambda: random.choice(ACCOUNTS)
            statements = []
            for _ in range(random.randint(1, 3)):
                principal = random.choice(["*", {"AWS": "*"}, {"AWS": other()}, {"AWS": f"arn:aws:iam::{other()}:root"},
                                           {"AWS": [f"arn:aws:iam::{other()}:role/role{random.randrange(ROLES)}" for _ in range(8)]},
                                           {"AWS": f"arn:aws:iam::{account}:role/role{random.randrange(8)}"}])
                statement = self.statement("Allow" if random.random() < 0.6 else "Deny", account, 0.7)
                if ":s3:" in arn:
                    statement.pop("NotResource", None)
                    statement["Resource"] = [arn + random.choice(["/*", "/home/*", "/a"])]
                else:
                    statement.pop("NotResource", None)
                    statement["Resource"] = [random.choice([arn, "*"])]
                statements.append({**statement, "Principal": principal})
            policy = {"Version": "2012-10-17", "Statement": statements}
        self.resources[arn] = {"account": account, "policy": policy}

    def control(self, account):
        if account == ACCOUNTS[-1]:
            return {"scps": None, "rcps": None}
        random = self.random
        level = lambda: [FULL] if random.random() < 0.5 else [FULL, self.policy(account, 0, 1, 0.8)] if random.random() < 0.6 else [self.policy(account, 3, 0, 0.2), self.wide()]
        return {"scps": [[FULL], level(), level()], "rcps": [[FULL], [FULL], [FULL, self.rcp()] if random.random() < 0.5 else [FULL]]}

    def wide(self):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["dynamodb:*", "s3:Get*"], "Resource": "*"}]}

    def rcp(self):
        statement = self.statement("Deny", "*", 0.9)
        statement.pop("NotAction", None)
        statement.pop("NotResource", None)
        return {"Version": "2012-10-17", "Statement": [{**statement, "Action": "s3:*", "Resource": "*", "Principal": "*"}]}

    # For the evaluator

    def owner(self, resource, context, asking):
        """The account of a resource, and its entry if the folder holds it; one that nobody names is the asking account's."""
        base = resource.split("/")[0] if resource.startswith("arn:aws:s3:::") else resource
        known = self.resources.get(base)
        return (known["account"] if known else resource.split(":")[4] or context.get("aws:resourceaccount", [asking])[0]), known

    def stack(self, role, resource, context):
        about = self.roles[role]
        account, known = self.owner(resource, context, about["account"])
        return account, {
            "identity": about["identity"], "boundary": about["boundary"], "scps": self.controls[about["account"]]["scps"],
            "rcps": self.controls.get(account, {"rcps": None})["rcps"], "resource": known["policy"] if known else "unknown"}

    # On disk

    def write(self, folder):
        def put(path, value):
            path = folder / "aws/aws" / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value))

        encoded = lambda text: urllib.parse.quote(text, safe="").lower()
        for arn, about in self.roles.items():
            place = f"accounts/{about['account']}/iam/role/{about['name']}"
            metadata = {"arn": arn, "name": about["name"], "path": "/", "id": about["id"], "created": "2024-01-01T00:00:00Z"}
            if about["boundary"]:
                policy = f"arn:aws:iam::{about['account']}:policy/boundary-{about['name']}"
                metadata["permissionBoundary"] = policy
                own = f"accounts/{about['account']}/iam/policy/boundary-{about['name']}"
                put(f"{own}/metadata.json", {"arn": policy, "name": f"boundary-{about['name']}"})
                put(f"{own}/current-policy.json", about["boundary"])
            put(f"{place}/metadata.json", metadata)
            put(f"{place}/trust-policy.json", {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
            put(f"{place}/inline-policies.json", [{"PolicyName": f"p{at}", "PolicyDocument": one} for at, one in enumerate(about["identity"])])
            put(f"{place}/tags.json", about["tags"])
        for arn, about in self.resources.items():
            service, region = arn.split(":")[2:4]
            place = f"accounts/{about['account']}/{service}/{region or 'global'}/{encoded(arn.split(':', 5)[5])}"
            put(f"{place}/metadata.json", {"arn": arn, "name": arn.split(":", 5)[5]})
            if about["policy"]:
                put(f"{place}/policy.json", about["policy"])
        base, members, units = f"organizations/{ORGANIZATION}", {}, {}
        number = 0

        def named(kind, policies):
            nonlocal number
            arns = []
            for policy in policies:
                number += 1
                put(f"{base}/{kind}/p-{number:08}/policy.json", policy)
                arns.append(f"arn:aws:organizations::{ACCOUNTS[0]}:policy/{ORGANIZATION}/{kind[:-1]}/p-{number:08}")
            return arns

        units["r-1"] = {"scps": named("scps", [FULL]), "rcps": named("rcps", [FULL])}
        for account in ACCOUNTS[:-1]:
            own = self.controls[account]
            unit = f"ou-{ACCOUNTS.index(account)}"
            units[unit] = {"parent": "r-1", "scps": named("scps", own["scps"][1]), "rcps": named("rcps", own["rcps"][1])}
            members[account] = {"ou": unit, "scps": named("scps", own["scps"][2]), "rcps": named("rcps", own["rcps"][2])}
        put(f"{base}/accounts.json", members)
        put(f"{base}/ous.json", units)
        put(f"{base}/metadata.json", {"id": ORGANIZATION, "rootAccountId": "999988887777"})
