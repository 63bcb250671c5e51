"""The provider's own door to the real SDK, opened to a simulated cloud, and the things that tests make with it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from imagesmith.cloud_calls.endpoint import parse_endpoint
from imagesmith.errors import CloudError
from imagesmith.waiting import CancelToken, RetryPolicy
from imagesmith_huaweicloud.credentials import Access
from imagesmith_huaweicloud.endpoints import SERVICES
from imagesmith_huaweicloud.sdk import Cloud, ecs, eip, ims, vpc
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

REGION = "cn-north-4"
ZONE = "cn-north-4a"
FLAVOR = "s6.large.2"
UBUNTU = "19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0003"


class Caller:
    """Somebody who calls, listens to nothing and never cancels."""

    cancel = CancelToken()

    def say(self, text: str, level: Any = "info") -> None:
        return


class Sdk:
    """Calls of one project; ``do(ims.ListImagesRequest(...))`` is one call of the real SDK."""

    def __init__(
        self, cloud: SimulatedHuaweicloud, project_id: str = "", region: str = REGION, **credentials: str
    ) -> None:
        self.cloud = cloud
        self.project_id = project_id or cloud.project_id(region)
        access = Access(
            access_key=credentials.get("access_key", cloud.access_key),
            secret_key=credentials.get("secret_key", cloud.secret_key),
            security_token=credentials.get("security_token", ""),
            region=region,
            domain="simulated.example",
            project_id=self.project_id,
            endpoints=tuple((service, parse_endpoint(cloud.url)) for service in SERVICES),
        )
        self._calls = Cloud(access, Caller())
        self._hasty = Cloud(access, Caller(), patience=RetryPolicy(attempts=1))

    def do(self, request: Any) -> Any:
        """The answer's body."""
        return self._calls.write_once(request)

    def refused(self, request: Any) -> CloudError:
        """The refusal of a call."""
        with pytest.raises(CloudError) as caught:
            self.do(request)
        return caught.value

    def refused_at_once(self, request: Any) -> CloudError:
        """The refusal of a call that is not tried again."""
        with pytest.raises(CloudError) as caught:
            self._hasty.write_once(request)
        return caught.value

    def job(self, answer: Mapping[str, Any]) -> Any:
        """The job that a call has begun."""
        return self.do(ims.ShowJobRequest(job_id=answer["job_id"]))

    def server(self, *, stopped: bool = False, **fields: Any) -> str:
        """A server's id; it is ACTIVE, in a network of its own."""
        identity = str(self.do(self.launch(**fields))["serverIds"][0])
        if stopped:
            self.do(self.stop(identity))
        return identity

    def stop(self, identity: str, kind: str | None = None) -> Any:
        """The request that stops a server."""
        option = ecs.BatchStopServersOption(servers=[ecs.ServerId(id=identity)], type=kind)
        return ecs.BatchStopServersRequest(body=ecs.BatchStopServersRequestBody(os_stop=option))

    def launch(self, token: str | None = None, dry_run: bool | None = None, **fields: Any) -> Any:
        """The request for a server, in a network of its own unless one is named."""
        subnet = {"vpc_id": "", "id": ""} if "vpcid" in fields else self.subnet()
        server = ecs.PostPaidServer(
            **{
                "name": "builder",
                "image_ref": UBUNTU,
                "flavor_ref": FLAVOR,
                "availability_zone": ZONE,
                "vpcid": subnet["vpc_id"],
                "nics": [ecs.PostPaidServerNic(subnet_id=subnet["id"])],
                "root_volume": ecs.PostPaidServerRootVolume(volumetype="SSD", size=40),
                "user_data": base64.b64encode(b"#!/bin/sh\n").decode(),
                **fields,
            }
        )
        body = ecs.CreatePostPaidServersRequestBody(server=server, dry_run=dry_run)
        return ecs.CreatePostPaidServersRequest(x_client_token=token, body=body)

    def shown(self, identity: str) -> Any:
        """A server as it is shown."""
        return self.do(ecs.ShowServerRequest(server_id=identity))["server"]

    def subnet(self) -> Any:
        """A subnet in a VPC of its own."""
        network = vpc.CreateVpcOption(name="net", cidr="10.0.0.0/16")
        made = self.do(vpc.CreateVpcRequest(body=vpc.CreateVpcRequestBody(vpc=network)))["vpc"]
        option = vpc.CreateSubnetOption(name="sub", cidr="10.0.1.0/24", vpc_id=made["id"], gateway_ip="10.0.1.1")
        return self.do(vpc.CreateSubnetRequest(body=vpc.CreateSubnetRequestBody(subnet=option)))["subnet"]

    def address(self) -> Any:
        """An EIP that is bound to nothing."""
        body = eip.CreatePublicipRequestBody(
            publicip=eip.CreatePublicipOption(type="5_bgp"),
            bandwidth=eip.CreatePublicipBandwidthOption(name="band", size=5, share_type="PER", charge_mode="traffic"),
        )
        return self.do(eip.CreatePublicipRequest(body=body))["publicip"]

    def image(self, server: str, name: str = "golden", **fields: Any) -> str:
        """An image's id, of a server's system disk."""
        body = ims.CreateImageRequestBody(name=name, instance_id=server, **fields)
        job = self.job(self.do(ims.CreateImageRequest(body=body)))
        assert job["status"] == "SUCCESS", job
        return str(job["entities"]["image_id"])

    def images(self, **query: Any) -> list[Any]:
        """The images that a query means."""
        return list(self.do(ims.ListImagesRequest(**query))["images"])

    def disks(self, server: str) -> list[Any]:
        """The disks of a server, the system disk first."""
        answer = self.do(ecs.ListServerBlockDevicesRequest(server_id=server))
        return sorted(answer["volumeAttachments"], key=lambda disk: int(disk["bootIndex"]) != 0)
