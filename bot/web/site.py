"""The board's web application: its routes, templates and middlewares."""

from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web
from aiohttp.typedefs import Middleware
from yarl import URL

from bot.league.crowds import Crowds
from bot.serving import number_format, phrases
from bot.texts.language import LANGUAGES, Language, language
from bot.texts.translate import gettext, mark, ngettext, npgettext, pgettext, retell
from bot.web.account_pages import AccountPages
from bot.web.admin_accounts import AdminAccounts
from bot.web.admin_pages import AdminPages
from bot.web.api.access import Access
from bot.web.api.cors import allow_origins
from bot.web.api.read import Read
from bot.web.api.reference_page import Reference
from bot.web.api.routes import BASE, Api, operations
from bot.web.api.write import Write
from bot.web.atom import AtomFeeds
from bot.web.audit_pages import AuditPages
from bot.web.backup_pages import BackupPages
from bot.web.bodies import MAX_FORM_BYTES
from bot.web.cards import Cards
from bot.web.client_address import TrustedProxies, take_word_of
from bot.web.community_pages import CommunityPages
from bot.web.community_settings_pages import CommunitySettingsPages
from bot.web.compression import pack_pages
from bot.web.explained import examples
from bot.web.feed import Feed
from bot.web.feed_pages import FeedPages
from bot.web.genre_form import GenreForm
from bot.web.guess_form import GuessForm
from bot.web.health import Health
from bot.web.heat_maps import HeatMaps
from bot.web.languages import handle_choice, speak
from bot.web.league_pages import LeaguePages
from bot.web.live_stream import LiveStream
from bot.web.me_pages import MePages
from bot.web.measures_pages import MeasuresPages
from bot.web.meme_pages import MemePages
from bot.web.metrics import Metrics, measure
from bot.web.middlewares import (
    answer_refusals,
    for_pages,
    images_from,
    note_request,
    only_hosts,
    only_own_pages,
)
from bot.web.model_pages import ModelPages
from bot.web.own_post_form import OwnPostForm
from bot.web.person_pages import PersonPages
from bot.web.plays_pages import PlaysPages
from bot.web.post_form import PostForm
from bot.web.post_images import PostImages
from bot.web.post_json import version_of
from bot.web.responses import see_other
from bot.web.script_words import words_of_scripts
from bot.web.services import Services
from bot.web.settings_page import SettingsPage
from bot.web.setup_pages import SetupPages
from bot.web.share_pages import SharePages
from bot.web.static_files import StaticFiles
from bot.web.stats_pages import StatsPages
from bot.web.token_pages import TokenPages
from bot.web.try_pages import TryPages
from bot.web.turns import read_in_turn, set_up_turns
from bot.web.version_pages import VersionPages
from bot.web.visitors import members_only, recognise
from bot.web.vote_form import VoteForm
from storage.objects.remote_image_store import RemoteImageStore
from storage.types import Bucket, PlatformName

#: What main.js imports: asked for at once, and not one after the other.
MODULES = (
    "cards.js", "clock.js", "composer.js", "live.js", "pictures.js", "share.js", "stream.js",
    "training.js", "votes.js", "words.js",
)  # fmt: skip
#: What each language is called by those who speak it.
LANGUAGE_NAMES: dict[Language, str] = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "pt-BR": "Português (Brasil)",
    "ja": "日本語",
}
_HERE = Path(__file__).parent
#: What platforms are called on the site.
PLATFORMS = {
    PlatformName.WEB: mark("this board"),
    PlatformName.DISCORD: "Discord",
    PlatformName.REDDIT: "Reddit",
    PlatformName.LEMMY: "Lemmy",
    PlatformName.MASTODON: "Mastodon",
    PlatformName.BLUESKY: "Bluesky",
}


def _other_images(services: Services) -> list[Middleware]:
    """What lets browsers load images from the object store, where they are sent there."""
    images = services.images
    if not services.settings.signed_url_minutes or not isinstance(images, RemoteImageStore):
        return []
    return [images_from(str(URL(images.objects.sign("any", seconds=1)).origin()))]


def make_site(services: Services) -> web.Application:
    """Put the application together; nothing listens yet."""
    site = web.Application(
        middlewares=[
            note_request,
            measure,
            pack_pages,
            speak,
            *_other_images(services),
            take_word_of(TrustedProxies(services.settings.web_trusted_proxies)),
            answer_refusals,
            only_hosts(services.settings.web_allowed_hosts),
            allow_origins(services.settings.api_allowed_origins),
            for_pages(only_own_pages),
            for_pages(recognise(services)),
            read_in_turn,
        ],
        client_max_size=MAX_FORM_BYTES,
    )
    files = StaticFiles()
    _set_up_templates(site, services, files)
    set_up_turns(site)
    feed = Feed(services)
    pages, cards, models = FeedPages(services, feed), Cards(feed), ModelPages(services)
    me, stats = MePages(services), StatsPages(services)
    health = Health(services.readiness)
    hold = services.settings.web_hold_votes
    crowds = Crowds(services.people_key, PlatformName.WEB) if hold else None
    post_form, guess_form = PostForm(services, feed), GuessForm(services, feed, crowds)
    genres = GenreForm(services)
    memes, tries = MemePages(services, post_form), TryPages(services)
    atom, access, read = AtomFeeds(services), Access(services), Read(services)
    api = operations(read, Write(services, read, post_form, guess_form, crowds))
    post = r"/posts/{id:\d{1,18}}"
    members = members_only(services.settings)
    site.add_routes(
        [
            web.get("/", pages.handle_feed),
            web.get(post, pages.handle_post),
            web.get(post + ".json", cards.handle_post),
            web.get("/cards.json", cards.handle_cards),
            web.get("/live", LiveStream(services, feed, site).handle),
            web.get("/posts", _to_the_feed),
            web.post("/posts", members(post_form.handle)),
            web.post(post + "/vote", members(VoteForm(services, feed, crowds).handle)),
            web.get(post + "/heat.png", HeatMaps(services, feed).handle),
            web.get(post + "/card.png", SharePages(feed).handle),
            web.post(post + "/guess", members(guess_form.handle)),
            web.get(r"/images/{id:\d{1,18}}", PostImages(services).handle),
            web.get(f"/language/{{language:{'|'.join(LANGUAGES)}}}", handle_choice),
            web.get("/meme", memes.handle_form),
            web.post("/meme", memes.handle_suggest),
            web.get(r"/meme/{token:[0-9a-f]{32}}", memes.handle_picture),
            web.post(r"/meme/{token:[0-9a-f]{32}}/post", members(memes.handle_post)),
            *CommunityPages(services, feed).routes(),
            *CommunitySettingsPages(services).routes(),
            web.get("/try", tries.handle_form),
            web.post("/try", tries.handle_ask),
            web.get("/league", LeaguePages(services).handle),
            web.get("/stats", stats.handle_page),
            web.get("/stats.png", stats.handle_chart),
            web.post(post + "/genre", members(genres.handle)),
            web.get("/measures", MeasuresPages(services).handle),
            web.get("/plays", PlaysPages(services).handle),
            *OwnPostForm(services).routes(),
            web.get(r"/people/{name:[0-9a-f]{12}}", PersonPages(services).handle),
            web.get("/me", me.handle_page),
            web.get("/me.json", me.handle_export),
            web.post("/me", me.handle_wish),
            web.get("/models", models.handle_page),
            web.get("/models/state.json", models.handle_state),
            *VersionPages(services).routes(),
            web.post("/models/train", models.handle_train),
            web.get(r"/communities/{id:\d{1,15}}/feed.atom", atom.handle_posts),
            web.get(r"/communities/{id:\d{1,15}}/outcomes.atom", atom.handle_outcomes),
            web.get("/metrics", Metrics(services, access).handle),
            web.get("/livez", health.handle_live),
            web.get("/healthz", health.handle_ready),
            *AccountPages(services).routes(),
            *AdminPages(services).routes(),
            *AdminAccounts(services).routes(),
            *AuditPages(services).routes(),
            *BackupPages(services).routes(),
            *SettingsPage(services).routes(),
            *SetupPages(services).routes(),
            *TokenPages(services).routes(),
            *Reference(api, BASE).routes(),
            *Api(services, access, api).routes(),
            *files.routes(),
        ]
    )
    return site


def _set_up_templates(site: web.Application, services: Services, files: StaticFiles) -> None:
    environment = aiohttp_jinja2.setup(
        site,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The extension adds this; it is none of Jinja's own types.
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    environment.filters.update(
        retell=retell,
        percent=number_format.percent,
        number=number_format.number,
        share_number=number_format.share_number,
        duration=number_format.duration,
        signed=number_format.signed,
        version=version_of,
    )
    environment.globals.update(
        board=services.settings.board_name,
        accounts=services.settings.accounts,
        platforms=PLATFORMS,
        language=language,
        languages=LANGUAGE_NAMES,
        words_of_scripts=words_of_scripts,
        modules=MODULES,
        file=files.address,
        clock=services.clock,
        examples=examples,
        phrases=phrases,
        buckets=tuple(Bucket),
    )


async def _to_the_feed(_: web.Request) -> web.Response:
    """GET /posts: where a form was posted, there is nothing to read."""
    return see_other("/")
