from tests.bot.cli.conftest import Peoria


def test_a_webhook_is_added_listed_tried_and_removed(peoria: Peoria) -> None:
    assert "no webhook yet" in peoria("webhook", "list").out
    refused = peoria("webhook", "add", "http://127.0.0.1:1/hook")
    assert "https://" in refused.sentence
    added = peoria("webhook", "add", "https://peoria.invalid/[b]hook", "--events", "outcome, pause")
    secret, _ = added.out.splitlines()
    assert secret.startswith("whsec_"), added.err
    listed = peoria("webhook", "list", "--json")
    (row,) = listed.data
    assert row["events"] == ["outcome", "pause"]
    assert secret not in listed.out
    assert "[b]hook" in peoria("webhook", "list").out
    assert "did not take it" in peoria("webhook", "test", row["id"]).sentence
    assert "is removed" in peoria("webhook", "remove", row["id"]).out
    for wrong in (("remove", 1), ("test", 1), ("add", "https://a.example", "--events", "all")):
        assert peoria("webhook", *wrong).sentence
