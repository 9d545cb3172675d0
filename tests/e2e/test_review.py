"""A review attacked FX Bridge. Where each of its findings is tried again, with a neighbour.

Each attack stands beside the tests of what it was aimed at; this table says where, and the tests
here hold that it is true. A finding stands for a kind: the first test of a row repeats what was
done, the others do the like by other ways in.
"""
import re

import pytest

import contract
from harness import PROJECT

FINDINGS = {
    "1 any command by options.env": [
        "test_env_allow: test_commands_in_variables", "test_env_allow: test_closed_names",
        "test_env_allow: test_an_older_definition"],
    "2 replies without a bound": [
        "test_budgets: test_a_full_list_comes_in_pages", "test_budgets: test_a_plain_list_is_brief",
        "test_budgets: test_cid_of_a_loop", "test_budgets: test_dead_letters_are_brief",
        "test_budgets: test_versions_come_in_pages", "test_budgets: test_pipelines_come_in_pages",
        "test_budgets: test_others_are_answered_meanwhile",
        "test_lists: test_triggers_come_in_pages", "test_attacks: test_victim_is_served"],
    "3 filters that hold the store": [
        "test_costly_filters: test_the_most_terms_and_a_large_payload",
        "test_costly_filters: test_terms_are_counted",
        "test_costly_filters: test_a_step_that_costs_too_much",
        "test_costly_filters: test_the_log_from_its_beginning",
        "test_attacks: test_victim_is_served"],
    "4 a limit on types that the topic passes by": [
        "test_vouched: test_types_bind_the_topic_of_a_key",
        "test_vouched: test_types_bind_the_topic_of_a_secret",
        "test_vouched: test_url_decides_nothing", "test_routes: test_limits"],
    "5 a disk that anybody fills": [
        "test_uploads: test_none_is_larger_than_the_limit", "test_uploads: test_many_connections",
        "test_uploads: test_their_disk_is_full", "test_logs: test_flood_without_a_credential",
        "test_logs: test_fx_log_writes_what_it_reads", "rotate_test: processes_share_a_file",
        "test_attacks: test_victim_is_served"],
    "6 a key in the environment of what outlives its request": [
        "test_fresh_process: test_nothing_of_a_request_is_left",
        "test_fresh_process: test_summoned_in_a_state"],
    "7 good keys that are refused for bad ones": [
        "test_limits: test_good_credentials_pass_whatever_the_address_did",
        "test_limits: test_what_is_looked_up_at_once_costs_nobody_anything",
        "test_limits: test_who_is_one_sender", "test_attacks: test_victim_is_served"],
    "8 a loop of events": [
        "test_steps: test_budget_of_a_cid", "test_steps: test_loop_over_two_pipelines",
        "test_steps: test_a_step_that_starts_its_own_pipeline"],
    "9 steps that have the whole home": [
        "test_confine: test_nothing_is_reached",
        "test_confine: test_links_to_the_home_lead_nowhere",
        "test_confine: test_mounts_of_the_home_lead_nowhere"],
    "10 connections that are all taken": [
        "test_uploads: test_many_connections", "test_attacks: test_victim_is_served",
        "test_waiters: test_waiters_that_leave",
        "test_waiters: test_waiters_whose_leaving_nobody_notices",
        "test_waiters: test_places_are_shared_among_senders",
        "test_slow_peer: test_a_peer_that_trickles_is_given_up",
        "test_slow_peer: test_who_has_most_makes_room"],
    "11 deliveries that are sent again, and called something else": [
        "test_vouched: test_copy_of_a_delivery",
        "test_vouched: test_event_header_stays_within_the_provider_and_the_types",
        "test_vouched: test_copy_through_another_route"],
    "12 secrets in the clear": [
        "test_step_secrets: test_literals_become_secrets_of_the_pipeline",
        "test_step_secrets: test_script_is_given_it_and_its_log_is_blotted",
        "test_step_secrets: test_errors_are_blotted"],
    "13 text that moves while it is pointed to": [
        "test_long_text: test_header", "test_long_text: test_query", "test_long_text: test_member",
        "test_long_text: test_form", "submit_test: submit_keeps_text_of_any_length"],
    "14 a home that others can write": [
        "test_trust: test_what_everybody_can_write", "test_trust: test_replaced_scripts_are_not_run",
        "test_trust: test_what_the_group_can_write", "test_trust: test_link"],
    "15.1 lengths that libfcgi believes": [
        "test_events: test_raw_garbage", "test_events: test_lengths_that_come_late",
        "records_test: lengths_that_no_parameter_has_are_bad"],
    "15.2 meters that are cut short": [
        "test_disk: test_meters_that_are_cut_short_end_no_program",
        "meter_test: meter_goes_on_with_a_file_that_was_emptied"],
    "15.3 meters that others make forgotten": [
        "test_limits: test_many_addresses_make_nobody_s_rate_forgotten",
        "meter_test: meter_forgets_nobody_for_others"],
    "15.4 letters that are percent-encoded": [
        "test_paths: test_hostile_path", "test_routes: test_other_ways_to_write_a_path"],
    "15.5 hardening": ["test_hardening: test_hardening"],
    "15.6 programs that keep what they do not need": [
        "test_needs: test_fastcgi", "test_needs: test_cgi", "test_needs: test_fx_http"],
    "15.7 a key among arguments": ["test_run: test_no_key_among_arguments"],
    "15.8 core files with keys": ["test_hardening: test_no_core_files"],
    "15.9 errors that name internal addresses": [
        "test_http_steps: test_refused", "test_http_steps: test_name_of_a_refused_address"],
    "15.11 work for those who are nobody": [
        "test_limits: test_good_deliveries_use_nothing_up", "test_routes: test_bodies_that_are_too_large"],
    "15.12 control characters in the log": ["log_test: text_cannot_forge_lines"],
}


def text_of(file):
    folder, end = ("e2e", "py") if file.startswith("test_") else ("unit", "c")
    return (PROJECT / f"tests/{folder}/{file}.{end}").read_text()


@pytest.mark.parametrize("finding", FINDINGS)
def test_it_is_tried_again(finding):
    for place in FINDINGS[finding]:
        file, name = place.split(": ")
        assert re.search(rf"^(def|static void) {name}\(", text_of(file), re.M), place


# --- Kinds that are told by the contract ---

def rows_of(operation):
    """The name of the list in a reply that comes in pages; None where there is none."""
    content = contract.resolve(operation["responses"]["200"]).get("content", {})
    schema = contract.resolve(content.get("application/json", {}).get("schema", {}))
    if "next" not in schema.get("properties", {}):
        return None
    [name] = [name for name, p in schema["properties"].items()
              if contract.resolve(p).get("type") == "array"]
    return name


def test_every_list_comes_in_pages(site):
    """2: what has many rows has a next page; a list that is new is asked for a row at a time."""
    lists = {path: rows_of(operation) for (method, path), operation in contract.OPERATIONS.items()
             if method == "GET" and "200" in operation["responses"]}
    lists = {path: name for path, name in lists.items() if name}
    assert len(lists) >= 7
    for path, name in lists.items():
        if "{" in path:
            continue
        reply = site.get(f"{path}?limit=1")
        assert reply.status == 200 and len(reply.json[name]) <= 1, path
        for bad in ("0", "1001", "-1", "x", ""):
            assert site.get(f"{path}?limit={bad}").status == 422, path
