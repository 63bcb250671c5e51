"""Values from secret stores; what comes back is masked everywhere."""

from __future__ import annotations

from imagesmith.template.hcl2.cty import STRING, Value, string, unknown
from imagesmith.template.hcl2.functions.registry import FunctionProblem, Parameter
from imagesmith.template.hcl2.functions.registry import function as declare
from imagesmith.template.hcl2.scope import Surroundings
from imagesmith.template.remote_values import RemoteValueError

_KEY = Parameter(STRING, null=True)


@declare("vault(path, key)", STRING, STRING, returns=STRING, surroundings=True)
def vault(surroundings: Surroundings, path: str, key: str) -> Value:
    """One key of a secret in Vault; for KV version 2 the path has "data" in it."""
    return _asked(surroundings, "vault", path, key)


@declare("consul_key(key)", STRING, returns=STRING, surroundings=True)
def consul_key(surroundings: Surroundings, key: str) -> Value:
    """One key of Consul's key-value store."""
    return _asked(surroundings, "consul_key", key)


@declare("aws_secretsmanager(name, key)", STRING, _KEY, returns=STRING, surroundings=True)
def aws_secretsmanager(surroundings: Surroundings, name: str, key: str | None) -> Value:
    """One key of a secret in AWS Secrets Manager; with null for the key its only value."""
    return _asked(surroundings, "aws_secretsmanager", name, key)


@declare("aws_secretsmanager_raw(name)", STRING, returns=STRING, surroundings=True)
def aws_secretsmanager_raw(surroundings: Surroundings, name: str) -> Value:
    """The whole text of a secret in AWS Secrets Manager."""
    return _asked(surroundings, "aws_secretsmanager_raw", name)


@declare("alicloud_kms_secret(name, key)", STRING, _KEY, optional=1, returns=STRING, surroundings=True)
def alicloud_kms_secret(surroundings: Surroundings, name: str, key: str | None = None) -> Value:
    """A secret of Alibaba Cloud KMS: the whole text, or one key of a JSON object."""
    return _asked(surroundings, "alicloud_kms_secret", name, key)


@declare("huaweicloud_csms_secret(name, key)", STRING, _KEY, optional=1, returns=STRING, surroundings=True)
def huaweicloud_csms_secret(surroundings: Surroundings, name: str, key: str | None = None) -> Value:
    """A secret of Huawei Cloud CSMS: the whole text, or one key of a JSON object."""
    return _asked(surroundings, "huaweicloud_csms_secret", name, key)


def _asked(surroundings: Surroundings, function: str, name: str, key: str | None = None) -> Value:
    if surroundings.remote.offline:
        return unknown(STRING)
    try:
        return string(surroundings.remote.look_up(function, name, key, surroundings.environ))
    except RemoteValueError as error:
        problem = FunctionProblem(error.message, hint=error.hint)
    raise problem
