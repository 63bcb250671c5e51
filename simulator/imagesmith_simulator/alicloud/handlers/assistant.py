"""Cloud Assistant."""

from __future__ import annotations

import base64
from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, PAGES, action
from imagesmith_simulator.alicloud.errors import ApiError, invalid
from imagesmith_simulator.alicloud.models.assistant import LONGEST_COMMAND, LONGEST_FILE, Invocation, decoded
from imagesmith_simulator.alicloud.parameters import Parameters

_VERSION = "2.2.3.282"


@action(ECS, "DescribeCloudAssistantStatus", accepts=f"InstanceId.N {PAGES}", requires="RegionId", mutates=False)
def describe_status(account: Account, p: Parameters) -> dict[str, Any]:
    """Whether the agents of instances are there."""
    region, wanted = p.required("RegionId"), p.listed("InstanceId")
    listed = []
    for instance in account.store.instances.values():
        if instance.region != region or (wanted and instance.id not in wanted):
            continue
        running = instance.status == "Running" and account.store.machines.agent_running(instance.id)
        listed.append(
            {
                "InstanceId": instance.id,
                "CloudAssistantStatus": str(running).lower(),
                "CloudAssistantVersion": _VERSION if running else "",
                "LastHeartbeatTime": account.store.clock.stamp() if running else "",
                "OSType": instance.os_type.capitalize(),
                "SupportSessionManager": running,
            }
        )
    status = {"InstanceCloudAssistantStatus": listed}
    return {"TotalCount": len(listed), "PageNumber": 1, "PageSize": 50, "InstanceCloudAssistantStatusSet": status}


@action(
    ECS,
    "RunCommand",
    accepts="ClientToken InstanceId.N Type CommandContent ContentEncoding Timeout Username WorkingDir KeepCommand "
    "TerminationMode Name Description ResourceGroupId",
    requires="RegionId Type CommandContent",
)
def run(account: Account, p: Parameters) -> dict[str, Any]:
    """Run a script in an instance."""
    kinds = ("RunShellScript", "RunPowerShellScript", "RunBatScript")
    if p.choice("Type", kinds) != "RunShellScript":
        raise invalid("Type", "Only RunShellScript is simulated.")
    p.choice("TerminationMode", ("Process", "ProcessTree"), "Process")
    encoding = p.choice("ContentEncoding", ("PlainText", "Base64"), "PlainText")
    content = decoded("CommandContent", p.required("CommandContent"), encoding, LONGEST_COMMAND)
    timeout = p.integer("Timeout", 60)
    if not 10 <= timeout <= 86400:
        raise invalid("Timeout", "The timeout must be 10 to 86400 seconds.")
    user, folder = p.text("Username", "root"), p.text("WorkingDir")
    region = p.required("RegionId")
    made = account.assistant.run(region, _one_instance(p), content, user=user, folder=folder, timeout=timeout)
    return {"InvokeId": made.id, "CommandId": f"c-{made.id[2:]}"}


@action(
    ECS,
    "SendFile",
    accepts="ClientToken InstanceId.N Name TargetDir Content ContentType FileMode FileOwner FileGroup Overwrite "
    "Timeout Description ResourceGroupId",
    requires="RegionId Name TargetDir Content",
)
def send(account: Account, p: Parameters) -> dict[str, Any]:
    """Write a file in an instance."""
    encoding = p.choice("ContentType", ("PlainText", "Base64"), "PlainText")
    content = decoded("Content", p.required("Content"), encoding, LONGEST_FILE)
    facts = (p.text("FileMode", "0644"), p.text("FileOwner", "root"), p.boolean("Overwrite"))
    name, folder = p.required("Name"), p.required("TargetDir")
    made = account.assistant.send(p.required("RegionId"), _one_instance(p), name, folder, content, facts=facts)
    return {"InvokeId": made.id}


@action(
    ECS,
    "DescribeInvocationResults",
    accepts=f"InvokeId InstanceId ContentEncoding {PAGES}",
    requires="RegionId InvokeId",
    mutates=False,
)
def describe_results(account: Account, p: Parameters) -> dict[str, Any]:
    """How a command is doing, with its output so far."""
    found = account.assistant.get(p.required("RegionId"), p.required("InvokeId"))
    plain = p.choice("ContentEncoding", ("PlainText", "Base64"), "Base64") == "PlainText"
    results = {"InvocationResult": [_result(account, found, plain=plain)]}
    return {"Invocation": {"TotalCount": 1, "PageNumber": 1, "PageSize": 10, "InvocationResults": results}}


@action(
    ECS,
    "DescribeSendFileResults",
    accepts=f"InvokeId InstanceId {PAGES}",
    requires="RegionId InvokeId",
    mutates=False,
)
def describe_sent(account: Account, p: Parameters) -> dict[str, Any]:
    """Whether a file has been written."""
    found = account.assistant.get(p.required("RegionId"), p.required("InvokeId"))
    instance = {
        "InstanceId": found.instance_id,
        "InvocationStatus": found.status,
        "ErrorCode": found.error,
        "ErrorInfo": _words(found),
    }
    invocation = {
        "InvokeId": found.id,
        "InvocationStatus": found.status,
        "Name": found.name,
        "InvokeInstances": {"InvokeInstance": [instance]},
    }
    return {"TotalCount": 1, "PageNumber": 1, "PageSize": 10, "Invocations": {"Invocation": [invocation]}}


@action(ECS, "StopInvocation", accepts="InvokeId InstanceId.N", requires="RegionId InvokeId")
def stop(account: Account, p: Parameters) -> dict[str, Any]:
    """End a command that is running."""
    account.assistant.stop(p.required("RegionId"), p.required("InvokeId"))
    return {}


def _one_instance(p: Parameters) -> str:
    instances = p.listed("InstanceId")
    if len(instances) != 1:
        raise ApiError("InvalidParameter.InstanceId", 400, "Commands for one instance at a time are simulated.")
    return instances[0]


def _result(account: Account, found: Invocation, *, plain: bool) -> dict[str, Any]:
    output, dropped = found.output()
    text = output.decode("utf-8", "replace") if plain else base64.b64encode(output).decode()
    ended = found.status not in ("Running", "Stopping")
    result = {
        "InvokeId": found.id,
        "InstanceId": found.instance_id,
        "InvocationStatus": found.status,
        "InvokeRecordStatus": "Finished" if ended else "Running",
        "Output": text,
        "Dropped": dropped,
        "ErrorCode": found.error,
        "ErrorInfo": _words(found),
        "StartTime": account.store.clock.stamp(found.created),
    }
    return result if found.exit_code is None else {**result, "ExitCode": found.exit_code}


def _words(found: Invocation) -> str:
    if found.sends_file and found.status == "Failed":
        return found.output()[0].decode("utf-8", "replace").strip()
    return f"the simulated agent says {found.error}" if found.error else ""
