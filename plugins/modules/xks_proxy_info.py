#!/usr/bin/python
# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: xks_proxy_info
version_added: 0.2.0
short_description: Look at an external key store proxy as AWS KMS would
description:
  - Connects to the proxy of an external key store, and reports in seconds what AWS KMS would say only after a connect
    of minutes, if at all. Changes nothing, neither at AWS nor at the proxy.
  - "Looks at distance and speed (R1), reachability (R26), IPv4 (R19), TLS versions and cipher suites (N2), a demanded
    client certificate (N1), the certificate's names (R14, R53, R54), dates, chain and root (R13), and with a credential
    at the answer to a signed GetHealthStatus (R15) and the health of the external key managers (R28)."
  - All findings come in one result, with the connection error code that AWS KMS would give. The task does not fail
    because of them.
  - Needs no AWS credentials. What it measures is true for the host that runs it, so delegate it to a host in the VPC
    for what AWS KMS will meet.
author:
  - keylink.aws contributors (@keylink-aws)
options:
  private_dns_name:
    description: The private DNS name of the endpoint service, which TLS asks for and the certificate has to name.
    type: str
    required: true
  targets:
    description:
      - Where to connect to, each a host, an IPv4 address, or either with C(:port). The port is 443 if not given.
      - Name the proxy's hosts, as the target group has them, or the addresses of the load balancer.
      - Defaults to O(private_dns_name), which resolves only where somebody made an address record for it (R64).
    type: list
    elements: str
    aliases: [addresses]
  uri_path:
    description: Path of the proxy's API, such as V(/kms/xks/v1). Without it, nothing of the API is looked at.
    type: str
  credential:
    description:
      - What requests to the proxy are signed with. Without it, none is signed, and
        RV(predicted_connection_error_code) says only what TLS tells.
      - Needs O(uri_path) and a Region, which is part of the signature, and botocore on the host that runs the module.
    type: dict
    suboptions:
      access_key_id:
        description: Its id, 20 to 30 characters of C(A-Z) and C(2-7).
        type: str
        required: true
      raw_secret_access_key:
        description: Its secret, 43 to 64 characters of C(A-Z), C(a-z), C(0-9), C(/), C(+) and C(=).
        type: str
        required: true
  external_key_id:
    description: An external key to ask the proxy for (GetKeyMetadata). Needs O(credential).
    type: str
    aliases: [xks_key_id]
  round_trip:
    description:
      - Encrypts random bytes with O(external_key_id) and decrypts them again. The proxy and the key manager log both.
    type: bool
    default: false
  principal_arn:
    description: Whom requests for O(external_key_id) say that they are for; a proxy may have rules on it.
    type: str
    default: arn:aws:iam::123456789012:role/keylink-probe
  kms_key_arn:
    description: Which KMS key the requests of O(round_trip) say that they are for; a proxy may have rules on it.
    type: str
    default: arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000
  trusted_ca_file:
    description:
      - AWS's list of trusted certificate authorities, in the format in which AWS publishes it
        (C(TrustedCertificateAuthorities)), on the host that runs the module.
      - The root of the proxy's certificate is looked up in it by SHA-256 fingerprint. The certificate of the root
        itself is taken from O(ca_file), from the system's store, or from the proxy if that sends it.
    type: path
  trusted_ca_content:
    description: The text of O(trusted_ca_file), for a host that has no such file.
    type: str
  ca_file:
    description: Roots to trust, in PEM, on the host that runs the module. Defaults to the system's store.
    type: path
  tries:
    description: How many connections are timed for each target.
    type: int
    default: 5
  timeout:
    description:
      - How long each connection and each answer may take, in seconds.
      - A target that does not accept connections, or accepts and says nothing, costs no more than this.
    type: float
    default: 5
requirements:
  - cryptography, on the host that runs the module
  - botocore, on the host that runs the module, with O(credential)
  - Python 3.10 or newer shows the whole chain of a proxy with TLS 1.3 alone, and the path to its root
attributes:
  check_mode:
    description: Runs as it always does, since it changes nothing. Names that are placeholders are not asked.
  diff_mode:
    support: N/A
    description: There is never a difference.
notes:
  - Each target gets about 15 connections, all but those of O(tries) and one GET and one POST request ended during or
    right after the TLS handshake.
  - Requests are sent although the certificate does not verify. They hold a signature, never the secret.
  - The options for AWS credentials are accepted, so that C(module_defaults) can be shared; only O(region) is used.
seealso:
  - module: keylink.aws.xks_key_store
  - name: Troubleshooting external key stores
    description: The AWS KMS Developer Guide.
    link: https://docs.aws.amazon.com/kms/latest/developerguide/xks-troubleshooting.html
  - name: XKS proxy API specification
    description: The API, and the list of trusted certificate authorities.
    link: https://github.com/aws/aws-kms-xksproxy-api-spec
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - keylink.aws.attributes
"""

EXAMPLES = r"""
- name: The proxy's hosts, from a host in the VPC
  keylink.aws.xks_proxy_info:
    private_dns_name: xks-proxy.example.com
    targets: [10.20.0.10, 10.20.16.10]
    uri_path: /kms/xks/v1
    credential:
      access_key_id: "{{ xks_access_key_id }}"
      raw_secret_access_key: "{{ xks_raw_secret_access_key }}"
    region: eu-central-1
    trusted_ca_content: "{{ lookup('ansible.builtin.file', 'TrustedCertificateAuthorities') }}"
  delegate_to: bastion.example.com
  register: proxy

- name: Stop before a connect that is bound to fail
  ansible.builtin.assert:
    that: proxy.predicted_connection_error_code is none
    fail_msg: "{{ proxy.explanation }}"

- name: TLS alone, from the controller, over a tunnel
  keylink.aws.xks_proxy_info:
    private_dns_name: xks-proxy.example.com
    targets: ["localhost:8443"]

- name: Whether an external key is fit for a KMS key
  keylink.aws.xks_proxy_info:
    private_dns_name: xks-proxy.example.com
    targets: [10.20.0.10]
    uri_path: /kms/xks/v1
    credential:
      access_key_id: "{{ xks_access_key_id }}"
      raw_secret_access_key: "{{ xks_raw_secret_access_key }}"
    region: eu-central-1
    external_key_id: bb8562717f809024
    round_trip: true
  delegate_to: bastion.example.com
"""

RETURN = r"""
private_dns_name:
  description: The name that was asked for.
  returned: success
  type: str
  sample: xks-proxy.example.com
findings:
  description:
    - Everything that was looked at, the gravest first. What several targets have in common is one finding.
    - C(severity) is V(error) (AWS KMS would fail), V(warning), V(unknown) (it could not be told, C(found) says why) or
      V(ok). C(connection_error_code) is what AWS KMS would give for this alone, or null.
  returned: success
  type: list
  elements: dict
  sample:
    - number: R13
      severity: error
      what: certificate dates
      found: CN=xks-proxy.example.com expired on 2026-01-31
      needed: The proxy's certificate must be valid and come from a public authority of AWS's list, with its chain.
      fix: Renew the certificate, and let the proxy load it.
      connection_error_code: XKS_PROXY_INVALID_TLS_CONFIGURATION
      targets: ["10.20.0.10:443"]
unmet_requirements:
  description: The findings that are errors (C(blocking)) and warnings, in the form that all modules have.
  returned: success
  type: list
  elements: dict
  sample:
    - number: R13
      what: certificate dates at 10.20.0.10:443
      found: CN=xks-proxy.example.com expired on 2026-01-31
      needed: The proxy's certificate must be valid and come from a public authority of AWS's list, with its chain.
      fix: Renew the certificate, and let the proxy load it.
      blocking: true
predicted_connection_error_code:
  description:
    - The connection error code with which AWS KMS would end a connect; null where nothing speaks against it.
    - A load balancer leaves out targets that do not answer, and may choose any other. So this is the code of the first
      target that answers and has one, or of the first if none answers.
  returned: success
  type: str
  sample: XKS_PROXY_INVALID_TLS_CONFIGURATION
health_checked:
  description: Whether every target that answers was sent a signed GetHealthStatus, so that the prediction is complete.
  returned: success
  type: bool
remedy:
  description: What RV(predicted_connection_error_code) means and what to do about it; null where there is none.
  returned: success
  type: dict
  sample:
    code: XKS_PROXY_ACCESS_DENIED
    cause: The proxy's own authorization rules refuse AWS KMS.
    steps: ["..."]
    retryable: false
    applies: external
    documentation: https://docs.aws.amazon.com/kms/latest/developerguide/xks-troubleshooting.html
explanation:
  description: The prediction and all errors and warnings as one text.
  returned: success
  type: str
  sample: |-
    AWS KMS would end a connect with XKS_PROXY_INVALID_TLS_CONFIGURATION.
      - certificate dates at 10.20.0.10:443: CN=xks-proxy.example.com expired on 2026-01-31. R13: ...
tcp_connect_ms:
  description: Time for a TCP connection over all targets and tries, in milliseconds; null where none was made.
  returned: success
  type: dict
  sample: {min: 4.2, median: 4.9}
tls_handshake_ms:
  description: Time for a TLS handshake with what AWS KMS offers, in milliseconds; null where none succeeded.
  returned: success
  type: dict
  sample: {min: 9.8, median: 11.3}
targets:
  description: What was found at each target.
  returned: success
  type: list
  elements: dict
  contains:
    target:
      description: Host and port.
      type: str
      returned: success
    address:
      description: The IPv4 address that was used; null where the name does not resolve.
      type: str
      returned: success
    reachable:
      description: Whether it accepts connections and keeps them.
      type: bool
      returned: success
    tcp_connect_ms:
      description: As above, of this target.
      type: dict
      returned: success
    tls_handshake_ms:
      description: As above, of this target.
      type: dict
      returned: success
    tls_version:
      description: The version agreed upon with what AWS KMS offers; null where no handshake succeeded.
      type: str
      returned: success
    cipher_suite:
      description: The suite agreed upon, by OpenSSL's name.
      type: str
      returned: success
    tls_versions:
      description: Whether each version is spoken; null where this host could not ask. Empty without TLS.
      type: dict
      returned: success
      sample: {TLSv1: false, TLSv1.1: false, TLSv1.2: true, TLSv1.3: true}
    cipher_suites:
      description: Whether each suite of AWS's list is accepted when it is offered alone.
      type: dict
      returned: success
    client_certificate_demanded:
      description: Whether a client without a certificate is sent away; null where it could not be told.
      type: bool
      returned: success
    certificate_chain:
      description: The certificates as the proxy sends them.
      type: list
      elements: dict
      returned: success
      sample:
        - subject: CN=xks-proxy.example.com
          issuer: CN=Amazon RSA 2048 M02,O=Amazon,C=US
          common_name: xks-proxy.example.com
          dns_names: [xks-proxy.example.com]
          key_type: RSA
          key_size: 2048
          sha256: 7cb40c4aa10d9593d2b278e57c6258c8f44d39de4f690259585f7e956515ca68
          not_before: "2026-01-01T00:00:00Z"
          not_after: "2027-01-30T23:59:59Z"
          days_left: 364
    chain_complete:
      description:
        - Whether the chain leads to a root without a gap; null where it could not be told. V(false) where it ends
          below an issuer that is neither sent nor trusted, which can be a root of one's own too.
      type: bool
      returned: success
    name_match:
      description: Whether alternative names and, apart from them, the common name match, exactly or by a wildcard.
      type: dict
      returned: success
      sample:
        subject_alternative_name: true
        common_name: false
        subject_alternative_names: [xks-proxy.example.com]
        subject_common_name: proxy
    root:
      description: The root, whether AWS's list has it (null where no list was given), and whether the host trusts it.
      type: dict
      returned: success
      sample:
        subject: CN=Amazon Root CA 1, O=Amazon, C=US
        sha256: 8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e
        in_aws_list: true
        aws_alias: amazonrootca1
        trusted: true
        trusted_by: the system's store
    health:
      description: The answer to GetHealthStatus; null where it was not sent.
      type: dict
      returned: success
      sample:
        status: 200
        error_name: null
        ms: 12.4
        trouble: null
        proxy_fleet_size: 2
        proxy_vendor: Example
        proxy_model: Example proxy 1.0
        ekm_vendor: Example
        ekm_fleet: [{id: "1", model: Example HSM, health_status: ACTIVE}]
    wrong_method_status:
      description: The HTTP status for a GET, which has to be 405.
      type: int
      returned: success
    external_key:
      description: The answer to GetKeyMetadata, and what CreateKey would make of it; null where it was not sent.
      type: dict
      returned: success
      sample:
        status: 200
        error_name: null
        key_spec: AES_256
        key_usage: [ENCRYPT, DECRYPT]
        key_status: ENABLED
        create_key_error: null
        round_trip: true
    severity_counts:
      description: How many findings of this target are of each severity.
      type: dict
      returned: success
      sample: {error: 0, warning: 1, unknown: 0}
    predicted_connection_error_code:
      description: As above, of this target.
      type: str
      returned: success
actions:
  description: Always empty.
  returned: success
  type: list
  elements: dict
  sample: []
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.keylink.aws.plugins.module_utils import runner
from ansible_collections.keylink.aws.plugins.module_utils.clients import xks_probe as client
from ansible_collections.keylink.aws.plugins.module_utils.clients.session import Aws
from ansible_collections.keylink.aws.plugins.module_utils.resources import xks_proxy


def read(aws: Aws, params: Mapping[str, Any]) -> Mapping[str, Any]:
    anchors = xks_proxy.anchors(params["trusted_ca_content"] or client.read_file(params["trusted_ca_file"]))
    question = client.Question(**xks_proxy.question(params, aws.region, anchors))
    return xks_proxy.judge(params, aws.region, anchors, client.probe(xks_proxy.targets(params), question))


SPEC = runner.Spec(
    argument_spec={
        "private_dns_name": {"required": True},
        "targets": {"type": "list", "elements": "str", "aliases": ["addresses"]},
        "uri_path": {},
        "credential": {
            "type": "dict",
            "options": {
                "access_key_id": {"required": True, "no_log": False},
                "raw_secret_access_key": {"required": True, "no_log": True},
            },
        },
        "external_key_id": {"aliases": ["xks_key_id"], "no_log": False},
        "round_trip": {"type": "bool", "default": False},
        "principal_arn": {"default": "arn:aws:iam::123456789012:role/keylink-probe"},
        "kms_key_arn": {
            "default": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
            "no_log": False,
        },
        "trusted_ca_file": {"type": "path"},
        "trusted_ca_content": {},
        "ca_file": {"type": "path"},
        "tries": {"type": "int", "default": 5},
        "timeout": {"type": "float", "default": 5},
    },
    constraints={
        "mutually_exclusive": [("trusted_ca_file", "trusted_ca_content")],
        "required_by": {"credential": ("uri_path", "region"), "external_key_id": "credential"},
        "required_if": [("round_trip", True, ("external_key_id",))],
    },
    check=xks_proxy.check,
    read=read,
    plan=xks_proxy.plan,
    returns=xks_proxy.returns,
    connection=False,
)


def main() -> None:
    runner.run_module(SPEC)


if __name__ == "__main__":
    main()
