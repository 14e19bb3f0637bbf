# Copyright (c) 2026, keylink.aws contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: key_stores
version_added: 0.2.0
short_description: Custom key stores of AWS KMS as hosts
description:
  - Gives each external and AWS CloudHSM key store of several accounts and Regions as a host, so that a fleet of them is
    audited or repaired with C(ansible-playbook --limit), in forks, or in slices of a job template.
  - A host has the variables that M(keylink.aws.key_store_info) returns for a key store, such as C(region),
    C(custom_key_store_id), C(connection_state), C(connection_error_code), C(remedy) and C(unmet_requirements), and of
    its account C(account), C(account_id), C(profile) and C(assume_role_arn). Its connection is V(local).
  - All hosts are in the group C(key_stores), and in groups by connection state (C(state_connected),
    C(state_failed)), by type (C(type_external_key_store), C(type_aws_cloudhsm)), by error code
    (C(error_xks_proxy_timed_out)), by Region (C(region_eu_central_1)) and by account. C(unmet) has those that AWS KMS
    would not connect again as things are.
  - Reads only. A Region or an account that cannot be read is a warning, see O(strict_regions).
  - The name of the configuration file must end in C(key_stores.yml) or C(key_stores.yaml).
author:
  - keylink.aws contributors (@keylink-aws)
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [keylink.aws.key_stores]
  regions:
    description: The Regions to look at. Defaults to the one of O(region).
    type: list
    elements: str
    default: []
  accounts:
    description:
      - The accounts to look at, side by side. Defaults to that of the credentials in use.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What to call the account. It becomes the variable C(account), and part of the host names.
        type: str
      profile:
        description: A profile of the AWS configuration. Instead of O(profile) and of access keys.
        type: str
      assume_role_arn:
        description: A role to assume, with the credentials of the profile or of the plugin.
        type: str
      assume_role_external_id:
        description: The external id that the role demands.
        type: str
      regions:
        description: The Regions of this account. Defaults to O(regions).
        type: list
        elements: str
  count_keys:
    description:
      - Whether to count the KMS keys of each key store, for the variable C(kms_keys). Each KMS key of each Region is
        looked at for it, so it is slow with many keys.
    type: bool
    default: false
  hostname_parts:
    description:
      - The variables that a host name is made of. Empty ones are left out. Where two key stores would have the same
        name, the id is added to both.
    type: list
    elements: str
    choices: [custom_key_store_name, region, account, account_id, custom_key_store_id, custom_key_store_type]
    default: [custom_key_store_name, region, account]
  strict_regions:
    description: Whether it is an error if an account or a Region cannot be read, instead of a warning.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.assume_role.plugins
  - amazon.aws.boto3
  - constructed
  - inventory_cache
seealso:
  - module: keylink.aws.key_store_info
"""

EXAMPLES = r"""
# fleet.key_stores.yml
plugin: keylink.aws.key_stores
regions: [eu-central-1, eu-west-1, us-east-1]
accounts:
  - name: production
    profile: production
  - name: staging
    assume_role_arn: arn:aws:iam::210987654321:role/KeyStoreAudit
    regions: [eu-central-1]
strict: true
groups:
  certificate_ends_soon: certificate_days_to_expire is not none and certificate_days_to_expire < 30
keyed_groups:
  - {prefix: service, key: endpoint_service.private_dns_state | default('none')}
compose:
  team: custom_key_store_name.split('-')[0]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/key_stores
cache_timeout: 300

# repair.yml: ansible-playbook -i fleet.key_stores.yml repair.yml --limit 'state_failed:&error_network_errors'
#
# - hosts: type_external_key_store
#   gather_facts: false
#   module_defaults:
#     group/keylink.aws.aws:
#       region: "{{ region }}"
#       profile: "{{ profile | default(omit, true) }}"
#   vars:
#     ansible_python_interpreter: "{{ ansible_playbook_python }}"
#   tasks:
#     - name: Disconnect what failed
#       keylink.aws.xks_key_store:
#         custom_key_store_id: "{{ custom_key_store_id }}"
#         state: disconnected
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.keylink.aws.plugins.module_utils.clients import key_store_fleet
from ansible_collections.keylink.aws.plugins.module_utils.resources import key_store_hosts

_FILES = ("key_stores.yml", "key_stores.yaml")
_CREDENTIALS = ("profile", "access_key", "secret_key", "session_token")
_OWN = ("name", "profile", "assume_role_arn", "assume_role_external_id", "regions")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "keylink.aws.key_stores"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(_FILES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        found = self._found(self.get_cache_key(path), cache)
        if found["problems"]:
            self._tell(found["problems"])
        self.inventory.add_group(key_store_hosts.GROUP)
        for host, store in key_store_hosts.named(found["stores"], self.get_option("hostname_parts")).items():
            self._add(host, store)

    def _found(self, key: str, cache: bool) -> Mapping[str, Any]:
        """The key stores, from the cache where that is wanted and has them."""
        wanted = self.get_option("cache")
        if wanted and cache and key in self._cache:
            known: Mapping[str, Any] = self._cache[key]
            return known
        accounts = self._accounts()
        found = key_store_hosts.normalise(accounts, key_store_fleet.look(accounts, self.get_option("count_keys")))
        # What is not whole must not stay.
        if wanted and not found["problems"]:
            self._cache[key] = found
        return found

    def _accounts(self) -> list[dict[str, Any]]:
        shared = {name: self.get_option(name) for name in ("region", "regions", "endpoint_url", "assume_role_arn")}
        shared |= {name: self.get_option(name) for name in _CREDENTIALS}
        if shared["access_key"]:
            shared["profile"] = None
        return [self._account(shared, given) for given in self.get_option("accounts") or [{}]]

    def _account(self, shared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(given) - set(_OWN))
        if unknown:
            raise AnsibleParserError(f"accounts: {', '.join(unknown)} is none of {', '.join(_OWN)}.")
        own = {name: given.get(name) for name in _OWN}
        return {
            **shared,
            **own,
            "profile": own["profile"] or shared["profile"],
            "assume_role_arn": own["assume_role_arn"] or shared["assume_role_arn"],
            "regions": own["regions"] or shared["regions"],
        }

    def _tell(self, problems: list[str]) -> None:
        if self.get_option("strict_regions"):
            raise AnsibleParserError("Not all key stores could be read:\n" + "\n".join(problems))
        for problem in problems:
            self.display.warning(f"Key stores are missing from the inventory: {problem}")

    def _add(self, host: str, store: Mapping[str, Any]) -> None:
        self.inventory.add_host(host, group=key_store_hosts.GROUP)
        for name, value in {**store, "ansible_connection": "local"}.items():
            self.inventory.set_variable(host, name, value)
        for group in key_store_hosts.groups(store):
            self.inventory.add_host(host, group=self.inventory.add_group(group))
        strict, variables = self.get_option("strict"), dict(store)
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)
