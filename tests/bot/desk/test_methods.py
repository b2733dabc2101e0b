"""The Web API methods: what they take, what they refuse, and by which of Slack's names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.desk import Desk

Ask = Callable[..., dict[str, Any]]

DIVIDER = [{"type": "divider"}]


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def modal(**more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": DIVIDER, **more}


class TestAuthorisation:
    def test_no_token_is_not_authed(self, http: Any) -> None:
        assert http.post("/api/auth.test").json() == {"ok": False, "error": "not_authed"}

    def test_a_wrong_token_is_invalid(self, http: Any) -> None:
        headers = {"Authorization": "Bearer xoxb-wrong"}
        assert http.post("/api/auth.test", headers=headers).json()["error"] == "invalid_auth"

    def test_a_form_may_carry_the_token(self, still: Desk, http: Any) -> None:
        answer = http.post("/api/auth.test", data={"token": still.config.bot_token}).json()
        assert answer["user_id"] == still.config.bot_user_id

    def test_a_json_body_may_not_carry_the_token(self, still: Desk, http: Any) -> None:
        answer = http.post("/api/auth.test", json={"token": still.config.bot_token}).json()
        assert answer["error"] == "not_authed"

    def test_the_app_token_opens_connections_and_nothing_else(self, still: Desk, http: Any) -> None:
        headers = {"Authorization": f"Bearer {still.config.app_token}"}
        assert http.post("/api/auth.test", headers=headers).json()["error"] == "not_allowed_token_type"
        assert http.post("/api/apps.connections.open", headers=headers).json()["url"].startswith("ws://")

    def test_an_unknown_method_says_so(self, ask: Ask) -> None:
        assert ask("chat.shout")["error"] == "unknown_method"


class TestBodies:
    def test_a_form_holds_structures_as_json_in_strings(self, still: Desk, http: Any) -> None:
        form = {"channel": "audit", "blocks": json.dumps(DIVIDER), "token": still.config.bot_token}
        assert http.post("/api/chat.postMessage", data=form).json()["ok"]

    @pytest.mark.parametrize(("body", "error"), [("{", "invalid_json"), ("[]", "json_not_object")])
    def test_broken_json_has_a_name(self, http: Any, body: str, error: str) -> None:
        headers = {"Content-Type": "application/json"}
        assert http.post("/api/auth.test", content=body, headers=headers).json()["error"] == error

    def test_another_content_type_is_refused(self, http: Any) -> None:
        headers = {"Content-Type": "text/csv"}
        answer = http.post("/api/auth.test", content="a", headers=headers).json()
        assert answer["error"] == "invalid_post_type"

    def test_a_body_beyond_a_megabyte_is_not_read(self, http: Any) -> None:
        assert http.post("/api/auth.test", content=b"x" * (1024 * 1024 + 1)).status_code == 413


class TestPosting:
    def test_a_message_is_found_by_channel_id_or_name(self, still: Desk, ask: Ask) -> None:
        channel = still.conversation("audit").id
        for name in (channel, "audit", "#audit"):
            assert ask("chat.postMessage", channel=name, text="hi")["channel"] == channel
        assert [message["text"] for message in still.messages("audit")] == ["hi"] * 3

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"channel": "nowhere", "text": "x"}, "channel_not_found"),
            ({"channel": "secret", "text": "x"}, "not_in_channel"),
            ({"channel": "attic", "text": "x"}, "is_archived"),
            ({"channel": "audit"}, "no_text"),
            ({"channel": "audit", "text": "  "}, "no_text"),
            ({"channel": "audit", "blocks": "["}, "invalid_blocks_format"),
            ({"channel": "audit", "blocks": ["x"]}, "invalid_blocks_format"),
            ({"channel": "audit", "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
            ({"channel": "audit", "text": "x", "thread_ts": "1.000000"}, "thread_not_found"),
            ({"text": "x"}, "invalid_arguments"),
        ],
    )
    def test_refusals_bear_slacks_names(self, ask: Ask, arguments: dict[str, Any], error: str) -> None:
        assert ask("chat.postMessage", **arguments)["error"] == error

    def test_invalid_blocks_are_explained_as_slack_does(self, ask: Ask) -> None:
        answer = ask("chat.postMessage", channel="audit", blocks=[section("x" * 3001)])
        told = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
        assert answer["errors"] == [told]
        assert answer["response_metadata"]["messages"] == [f"[ERROR] {told}"]

    def test_text_beyond_forty_thousand_characters_is_cut(self, ask: Ask) -> None:
        answer = ask("chat.postMessage", channel="audit", text="x" * 40_001)
        assert len(answer["message"]["text"]) == 40_000

    def test_blocks_with_too_much_text_together_are_refused(self, ask: Ask) -> None:
        blocks = [section("x" * 2900) for _ in range(4)]
        assert ask("chat.postMessage", channel="audit", blocks=blocks)["error"] == "msg_blocks_too_long"

    def test_every_ts_is_later_than_the_one_before_though_the_clock_stands(self, ask: Ask) -> None:
        stamps = [ask("chat.postMessage", channel="audit", text="x")["ts"] for _ in range(5)]
        assert stamps == sorted(set(stamps))

    def test_a_person_can_be_written_to(self, still: Desk, ask: Ask) -> None:
        nina = still.user("nina").id
        answer = ask("chat.postMessage", channel=nina, text="psst")
        assert answer["channel"] == ask("conversations.open", users=nina)["channel"]["id"]
        assert answer["channel"].startswith("D")


class TestThreads:
    def test_a_reply_hangs_below_its_parent_and_not_in_the_channel(self, still: Desk, ask: Ask) -> None:
        parent = ask("chat.postMessage", channel="audit", text="parent")["ts"]
        reply = ask("chat.postMessage", channel="audit", text="reply", thread_ts=parent)
        assert reply["message"]["thread_ts"] == parent
        assert [message["ts"] for message in still.messages("audit")] == [parent]
        assert [message["text"] for message in still.thread("audit", parent)] == ["parent", "reply"]
        assert still.messages("audit")[0]["reply_count"] == 1

    def test_a_reply_to_a_reply_joins_the_same_thread(self, still: Desk, ask: Ask) -> None:
        parent = ask("chat.postMessage", channel="audit", text="parent")["ts"]
        reply = ask("chat.postMessage", channel="audit", text="1", thread_ts=parent)["ts"]
        second = ask("chat.postMessage", channel="audit", text="2", thread_ts=reply)
        assert second["message"]["thread_ts"] == parent

    def test_a_broadcast_reply_stands_in_both(self, still: Desk, ask: Ask) -> None:
        parent = ask("chat.postMessage", channel="audit", text="parent")["ts"]
        ask("chat.postMessage", channel="audit", text="loud", thread_ts=parent, reply_broadcast=True)
        assert [message["text"] for message in still.messages("audit")] == ["parent", "loud"]

    def test_replies_come_in_pages_the_parent_once(self, still: Desk, ask: Ask) -> None:
        channel = still.conversation("audit").id
        parent = ask("chat.postMessage", channel="audit", text="0")["ts"]
        for number in range(1, 5):
            ask("chat.postMessage", channel="audit", text=str(number), thread_ts=parent)
        texts, cursor = [], ""
        while True:
            page = ask("conversations.replies", channel=channel, ts=parent, limit=2, cursor=cursor)
            texts += [message["text"] for message in page["messages"]]
            if not page["has_more"]:
                break
            cursor = page["response_metadata"]["next_cursor"]
        assert texts == ["0", "1", "2", "3", "4"]

    def test_a_thread_that_is_not_there_has_a_name(self, still: Desk, ask: Ask) -> None:
        channel = still.conversation("audit").id
        assert ask("conversations.replies", channel=channel, ts="1.0")["error"] == "thread_not_found"


class TestHistory:
    def test_the_newest_comes_first_and_pages_meet(self, still: Desk, ask: Ask) -> None:
        channel = still.conversation("audit").id
        for number in range(5):
            ask("chat.postMessage", channel="audit", text=str(number))
        first = ask("conversations.history", channel=channel, limit=3)
        cursor = first["response_metadata"]["next_cursor"]
        second = ask("conversations.history", channel=channel, limit=3, cursor=cursor)
        texts = [message["text"] for page in (first, second) for message in page["messages"]]
        assert texts == ["4", "3", "2", "1", "0"]
        assert (first["has_more"], second["has_more"]) == (True, False)

    def test_bounds_are_exclusive_unless_inclusive(self, still: Desk, ask: Ask) -> None:
        channel = still.conversation("audit").id
        stamps = [ask("chat.postMessage", channel="audit", text="x")["ts"] for _ in range(3)]
        between = ask("conversations.history", channel=channel, oldest=stamps[0], latest=stamps[2])
        with_ends = ask("conversations.history", channel=channel, oldest=stamps[0], latest=stamps[2], inclusive=True)
        assert (len(between["messages"]), len(with_ends["messages"])) == (1, 3)

    def test_metadata_comes_when_it_is_asked_for(self, still: Desk, ask: Ask) -> None:
        channel = still.conversation("audit").id
        metadata = {"event_type": "outbox", "event_payload": {"id": 7}}
        ask("chat.postMessage", channel="audit", text="x", metadata=metadata)
        plain = ask("conversations.history", channel=channel)
        full = ask("conversations.history", channel=channel, include_all_metadata=True)
        assert "metadata" not in plain["messages"][0]
        assert full["messages"][0]["metadata"] == metadata

    def test_the_app_reads_only_where_it_is_a_member(self, still: Desk, ask: Ask) -> None:
        secret = still.conversation("secret").id
        assert ask("conversations.history", channel=secret)["error"] == "not_in_channel"
        ask("conversations.join", channel=secret)
        assert ask("conversations.history", channel=secret)["ok"]

    @pytest.mark.parametrize("cursor", ["nonsense", "bmV4dF90czp4"])
    def test_a_made_up_cursor_is_refused(self, still: Desk, ask: Ask, cursor: str) -> None:
        channel = still.conversation("audit").id
        assert ask("conversations.history", channel=channel, cursor=cursor)["error"] == "invalid_cursor"


class TestChanging:
    def test_what_an_update_leaves_out_stays(self, still: Desk, ask: Ask) -> None:
        metadata = {"event_type": "outbox", "event_payload": {"id": 7}}
        posted = ask("chat.postMessage", channel="audit", text="a", blocks=DIVIDER, metadata=metadata)
        ask("chat.update", channel=posted["channel"], ts=posted["ts"], text="b")
        message = still.messages("audit")[0]
        assert (message["text"], len(message["blocks"]), message["metadata"]) == ("b", 1, metadata)

    def test_empty_blocks_and_metadata_remove_them(self, still: Desk, ask: Ask) -> None:
        metadata = {"event_type": "outbox", "event_payload": {}}
        posted = ask("chat.postMessage", channel="audit", text="a", blocks=DIVIDER, metadata=metadata)
        ask("chat.update", channel=posted["channel"], ts=posted["ts"], text="b", blocks=[], metadata={})
        assert not {"blocks", "metadata"} & set(still.messages("audit")[0])

    def test_only_ones_own_message_may_be_changed_or_deleted(self, still: Desk, ask: Ask) -> None:
        said = still.user("nina").say("mine", channel="audit")
        place = {"channel": still.conversation("audit").id, "ts": said["ts"]}
        assert ask("chat.update", text="yours", **place)["error"] == "cant_update_message"
        assert ask("chat.delete", **place)["error"] == "cant_delete_message"

    def test_a_deleted_message_is_not_found_again(self, still: Desk, ask: Ask) -> None:
        posted = ask("chat.postMessage", channel="audit", text="a")
        place = {"channel": posted["channel"], "ts": posted["ts"]}
        assert ask("chat.delete", **place)["ok"]
        assert ask("chat.update", text="b", **place)["error"] == "message_not_found"
        assert still.messages("audit") == []

    def test_a_deleted_parent_leaves_a_tombstone_above_its_replies(self, still: Desk, ask: Ask) -> None:
        posted = ask("chat.postMessage", channel="audit", text="parent")
        place = {"channel": posted["channel"], "ts": posted["ts"]}
        ask("chat.postMessage", channel="audit", text="reply", thread_ts=posted["ts"])
        assert ask("chat.delete", **place)["ok"]
        texts = [message["text"] for message in ask("conversations.replies", **place)["messages"]]
        assert texts == ["This message was deleted.", "reply"]
        assert ask("chat.update", text="x", **place)["error"] == "message_not_found"
        more = ask("chat.postMessage", channel="audit", text="more", thread_ts=posted["ts"])
        assert more["error"] == "thread_not_found"
        assert len(still.messages("audit")) == 1

    def test_an_ephemeral_message_is_seen_by_one_and_cannot_be_updated(self, still: Desk, ask: Ask) -> None:
        nina = still.user("nina").id
        answer = ask("chat.postEphemeral", channel="audit", user=nina, text="psst")
        assert [message["text"] for message in still.ephemerals("nina")] == ["psst"]
        assert still.messages("audit") == []
        channel = still.conversation("audit").id
        update = ask("chat.update", channel=channel, ts=answer["message_ts"], text="x")
        assert update["error"] == "message_not_found"

    def test_nobody_outside_of_the_channel_is_whispered_to(self, still: Desk, ask: Ask) -> None:
        ask("conversations.join", channel=still.conversation("secret").id)
        otis = still.user("otis").id
        answer = ask("chat.postEphemeral", channel="secret", user=otis, text="psst")
        assert answer["error"] == "user_not_in_channel"

    def test_a_permalink_leads_to_the_message(self, ask: Ask, http: Any) -> None:
        parent = ask("chat.postMessage", channel="audit", text="a")
        reply = ask("chat.postMessage", channel="audit", text="b", thread_ts=parent["ts"])
        place = {"channel": parent["channel"], "message_ts": reply["ts"]}
        link = ask("chat.getPermalink", **place)["permalink"]
        assert http.get(link).headers["location"] == f"/c/audit/t/{parent['ts']}#mt-{reply['ts']}"


class TestPeople:
    def test_a_user_is_found_by_id_and_by_email(self, still: Desk, ask: Ask) -> None:
        nina = still.user("nina").id
        assert ask("users.info", user=nina)["user"]["real_name"] == "Nina Álvarez"
        assert ask("users.lookupByEmail", email="NINA@example.com")["user"]["id"] == nina
        assert ask("users.info", user="U0")["error"] == "user_not_found"
        assert ask("users.lookupByEmail", email="x@y.z")["error"] == "users_not_found"

    def test_the_bot_is_listed_among_the_users(self, ask: Ask) -> None:
        assert [user["is_bot"] for user in ask("users.list")["members"]] == [False, False, False, True]

    def test_user_groups_list_their_members_as_they_change(self, still: Desk, ask: Ask) -> None:
        group = ask("usergroups.list", include_users=True)["usergroups"][0]
        assert group["users"] == [still.user("nina").id, still.user("mo").id]
        still.set_usergroup("legal", ("otis",))
        members = ask("usergroups.users.list", usergroup=group["id"])
        assert members["users"] == [still.user("otis").id]
        assert ask("usergroups.users.list", usergroup="S0")["error"] == "no_such_subteam"

    def test_channels_say_whether_the_app_is_a_member(self, ask: Ask) -> None:
        channels = ask("conversations.list", exclude_archived=True)["channels"]
        assert {channel["name"]: channel["is_member"] for channel in channels} == {
            "audit": True,
            "random": True,
            "secret": False,
        }


class TestViews:
    def test_a_trigger_opens_one_view_within_three_seconds(self, still: Desk, ask: Ask, clock: Any) -> None:
        trigger = still.store.triggers.issue(still.user("nina").id)
        assert ask("views.open", trigger_id=trigger, view=modal())["ok"]
        assert ask("views.open", trigger_id=trigger, view=modal())["error"] == "exchanged_trigger_id"
        late = still.store.triggers.issue(still.user("nina").id)
        clock.now += 3.01
        assert ask("views.open", trigger_id=late, view=modal())["error"] == "expired_trigger_id"
        assert ask("views.open", trigger_id="1.2.a", view=modal())["error"] == "invalid_trigger_id"

    def test_an_invalid_view_does_not_use_the_trigger_up(self, still: Desk, ask: Ask) -> None:
        trigger = still.store.triggers.issue(still.user("nina").id)
        answer = ask("views.open", trigger_id=trigger, view=modal(private_metadata="x" * 3001))
        assert answer["error"] == "invalid_arguments"
        assert "[json-pointer:/view/private_metadata]" in answer["response_metadata"]["messages"][0]
        assert ask("views.open", trigger_id=trigger, view=modal())["ok"]

    def test_a_stack_holds_three_views(self, still: Desk, ask: Ask) -> None:
        nina = still.user("nina").id
        assert ask("views.open", trigger_id=still.store.triggers.issue(nina), view=modal())["ok"]
        pushes = [ask("views.push", trigger_id=still.store.triggers.issue(nina), view=modal()) for _ in range(3)]
        assert [push.get("error") for push in pushes] == [None, None, "push_limit_reached"]
        assert pushes[1]["view"]["previous_view_id"] == pushes[0]["view"]["id"]

    def test_a_stale_hash_is_a_conflict(self, still: Desk, ask: Ask) -> None:
        trigger = still.store.triggers.issue(still.user("nina").id)
        first = ask("views.open", trigger_id=trigger, view=modal())["view"]
        second = ask("views.update", view_id=first["id"], hash=first["hash"], view=modal())["view"]
        assert second["hash"] != first["hash"]
        stale = ask("views.update", view_id=first["id"], hash=first["hash"], view=modal())
        assert stale["error"] == "hash_conflict"
        assert ask("views.update", view_id=first["id"], view=modal())["ok"], "without a hash, the last wins"

    def test_a_view_is_updated_by_its_external_id_which_is_unique(self, still: Desk, ask: Ask) -> None:
        for user, error in (("nina", None), ("otis", "duplicate_external_id")):
            trigger = still.store.triggers.issue(still.user(user).id)
            answer = ask("views.open", trigger_id=trigger, view=modal(external_id="mine"))
            assert answer.get("error") == error
        assert ask("views.update", external_id="mine", view=modal(external_id="mine"))["ok"]
        assert ask("views.update", external_id="other", view=modal())["error"] == "not_found"

    def test_a_home_tab_is_published_and_guarded_by_its_hash(self, still: Desk, ask: Ask) -> None:
        nina = still.user("nina").id
        home = {"type": "home", "blocks": DIVIDER}
        first = ask("views.publish", user_id=nina, view=home)["view"]
        assert ask("views.publish", user_id=nina, view=home, hash="1.a")["error"] == "hash_conflict"
        assert ask("views.publish", user_id=nina, view=home, hash=first["hash"])["ok"]
        assert ask("views.publish", user_id=nina, view=modal())["error"] == "invalid_arguments"


class TestFiles:
    def test_a_file_is_uploaded_in_three_steps_and_shown_to_whoever_has_the_page(
        self, still: Desk, ask: Ask, http: Any
    ) -> None:
        reserved = ask("files.getUploadURLExternal", filename="a.png", length=3, alt_txt="A spectrogram")
        early = ask("files.completeUploadExternal", files=[{"id": reserved["file_id"]}])
        assert early["error"] == "file_not_found"
        assert http.post(reserved["upload_url"], content=b"abcd").status_code == 400, "of another length"
        assert http.post(reserved["upload_url"], content=b"abc").text == "OK - 3"
        parent = ask("chat.postMessage", channel="audit", text="parent")
        shared = ask(
            "files.completeUploadExternal",
            files=[{"id": reserved["file_id"], "title": "Spectrogram"}],
            channel_id=parent["channel"],
            thread_ts=parent["ts"],
        )
        assert shared["files"][0]["title"] == "Spectrogram"
        assert still.thread("audit", parent["ts"])[1]["files"][0]["alt_txt"] == "A spectrogram"
        assert http.get(shared["files"][0]["url_private"]).status_code == 404, "without session or token"
        headers = {"Authorization": f"Bearer {still.config.bot_token}"}
        assert http.get(shared["files"][0]["url_private"], headers=headers).content == b"abc"

    def test_the_clients_own_upload_arrives(self, desk: Desk, client: WebClient) -> None:
        channel = desk.conversation("audit").id
        parent = client.chat_postMessage(channel=channel, text="parent")["ts"]
        client.files_upload_v2(channel=channel, content=b"trend", filename="trend.png", title="Trend", thread_ts=parent)
        file = desk.thread("audit", parent)[1]["files"][0]
        assert (file["title"], desk.store.files.content(file["id"])) == ("Trend", b"trend")

    def test_blocks_stand_above_the_files_unless_there_is_a_comment(self, still: Desk, ask: Ask, http: Any) -> None:
        channel = still.conversation("audit").id
        for more in ({}, {"initial_comment": "hear"}):
            reserved = ask("files.getUploadURLExternal", filename="a.mp3", length=3)
            http.post(reserved["upload_url"], content=b"abc")
            files = [{"id": reserved["file_id"]}]
            ask("files.completeUploadExternal", files=files, channel_id=channel, blocks=json.dumps(DIVIDER), **more)
        with_blocks, with_comment = still.messages("audit")[-2:]
        assert [block["type"] for block in with_blocks["blocks"]] == ["divider"]
        assert with_comment["text"] == "hear"
        assert "blocks" not in with_comment

    def test_a_file_says_where_it_is_shown(self, still: Desk, ask: Ask, http: Any) -> None:
        reserved = ask("files.getUploadURLExternal", filename="a.mp3", length=3)
        assert ask("files.info", file=reserved["file_id"])["error"] == "file_not_found"
        http.post(reserved["upload_url"], content=b"abc")
        assert ask("files.info", file=reserved["file_id"])["file"]["shares"] == {}
        parent = ask("chat.postMessage", channel="audit", text="parent")
        channel = parent["channel"]
        files = [{"id": reserved["file_id"]}]
        ask("files.completeUploadExternal", files=files, channel_id=channel, thread_ts=parent["ts"])
        told = ask("files.info", file=reserved["file_id"])["file"]
        ts = still.thread("audit", parent["ts"])[1]["ts"]
        assert told["channels"] == [channel]
        assert told["shares"] == {"public": {channel: [{"ts": ts, "channel_name": "audit", "thread_ts": parent["ts"]}]}}

    def test_a_deleted_file_leaves_a_tombstone_where_it_was_shown(self, still: Desk, ask: Ask, http: Any) -> None:
        reserved = ask("files.getUploadURLExternal", filename="a.mp3", length=3)
        http.post(reserved["upload_url"], content=b"abc")
        files = [{"id": reserved["file_id"]}]
        ask("files.completeUploadExternal", files=files, channel_id=still.conversation("audit").id)
        assert ask("files.delete", file=reserved["file_id"])["ok"]
        assert still.messages("audit")[-1]["files"] == [{"id": reserved["file_id"], "mode": "tombstone"}]
        for method in ("files.info", "files.delete"):
            assert ask(method, file=reserved["file_id"])["error"] == "file_not_found"

    def test_an_image_is_described_in_a_thousand_characters(self, ask: Ask) -> None:
        answer = ask("files.getUploadURLExternal", filename="a.png", length=3, alt_txt="x" * 1_001)
        assert answer["error"] == "alt_txt_too_large"

    def test_an_upload_is_bounded(self, ask: Ask) -> None:
        answer = ask("files.getUploadURLExternal", filename="a.wav", length=51 * 1024 * 1024)
        assert answer["error"] == "file_upload_size_restricted"


class TestResponseUrls:
    def test_five_uses_within_thirty_minutes(self, still: Desk, http: Any, clock: Any) -> None:
        nina, audit = still.user("nina").id, still.conversation("audit").id
        url = still.response_url(nina, audit, None)
        path = "/response/" + url.rpartition("/")[2]
        for _ in range(5):
            assert http.post(path, json={"text": "x"}).text == "ok"
        assert http.post(path, json={"text": "x"}).json()["error"] == "used_url"
        late = "/response/" + still.response_url(nina, audit, None).rpartition("/")[2]
        clock.now += 30 * 60 + 1
        assert http.post(late, json={"text": "x"}).json()["error"] == "expired_url"

    def test_it_replaces_and_deletes_what_it_came_from(self, still: Desk, ask: Ask, http: Any) -> None:
        nina, audit = still.user("nina").id, still.conversation("audit").id
        ts = ask("chat.postMessage", channel="audit", text="before")["ts"]
        path = "/response/" + still.response_url(nina, audit, ts).rpartition("/")[2]
        http.post(path, json={"text": "after", "replace_original": True})
        assert [message["text"] for message in still.messages("audit")] == ["after"]
        http.post(path, json={"delete_original": True})
        assert still.messages("audit") == []

    def test_a_new_answer_is_private_unless_it_is_in_channel(self, still: Desk, http: Any) -> None:
        nina, audit = still.user("nina").id, still.conversation("audit").id
        path = "/response/" + still.response_url(nina, audit, None).rpartition("/")[2]
        http.post(path, json={"text": "psst"})
        http.post(path, json={"text": "hear", "response_type": "in_channel"})
        assert [message["text"] for message in still.ephemerals("nina")] == ["psst"]
        assert [message["text"] for message in still.messages("audit")] == ["hear"]

    def test_invalid_blocks_are_refused_by_name_alone(self, still: Desk, http: Any) -> None:
        nina, audit = still.user("nina").id, still.conversation("audit").id
        path = "/response/" + still.response_url(nina, audit, None).rpartition("/")[2]
        answer = http.post(path, json={"blocks": [{"type": "section"}]})
        assert (answer.status_code, answer.text) == (400, "invalid_blocks")
