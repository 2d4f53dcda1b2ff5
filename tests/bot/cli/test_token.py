from tests.bot.cli.conftest import Peoria


def test_a_token_is_shown_once_listed_and_revoked(peoria: Peoria) -> None:
    assert "no token yet" in peoria("token", "list").out
    made = peoria("token", "create", "a [bold]plot", "--scope", "read,predict", "--days", 7)
    text, *_ = made.out.splitlines()
    assert text.startswith("peoria_"), made.err
    listed = peoria("token", "list", "--json")
    (row,) = listed.data
    assert (row["name"], row["scopes"]) == ("a [bold]plot", ["read", "predict"])
    assert text not in listed.out
    assert "a [bold]plot" in peoria("token", "list").out
    assert "revoked" in peoria("token", "revoke", row["id"]).out
    assert "revoked" in peoria("token", "list").out
    for wrong in (("create", "x", "--scope", "all"), ("revoke", 9), ("create", " ")):
        assert peoria("token", *wrong).sentence
