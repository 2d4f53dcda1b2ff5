"""The tables of the loop.

The constraints make wrong states unrepresentable: a post cannot be `predicted` without the time
of it, a reply cannot be `sent` without its id, two model versions cannot both be champion.
"""

from storage.tables.accounts import Account, EndedSession, Passkey, PasskeyChallenge
from storage.tables.audit import AuditEntry
from storage.tables.base import Base
from storage.tables.batches import BatchJob, QuarantinedImage
from storage.tables.captions import CaptionChoice
from storage.tables.communities import Author, Community, WatchedGroup
from storage.tables.digests import Digest
from storage.tables.games import Duel, DuelGuess, ScoreGuess
from storage.tables.genres import GenreCorrection
from storage.tables.history import HistoryImport
from storage.tables.imageless_posts import ImagelessPost
from storage.tables.images import Embedding, Image
from storage.tables.installation import InstallationFact, RoleSeen, RunningProcess
from storage.tables.labels import Label, Nowcast, PostMeasures, Snapshot, WaitingScore
from storage.tables.league import CommunityGuesses, DailyLabel, DailyScore, Guess, Peek, Standing
from storage.tables.leases import Lease
from storage.tables.messages import InboxItem, Notice
from storage.tables.models import ModelVersion, TrainingRun
from storage.tables.newcomers import Newcomer, Participant
from storage.tables.outcome_feeds import OutcomeFeed
from storage.tables.posts import Post, PostImage, Reply, Vote
from storage.tables.predictions import ExpertAccount, Prediction
from storage.tables.servers import OwnHead, Server
from storage.tables.services import Service
from storage.tables.tokens import ApiToken
from storage.tables.webhooks import Webhook, WebhookMessage

__all__ = [
    "Account",
    "ApiToken",
    "AuditEntry",
    "Author",
    "Base",
    "BatchJob",
    "CaptionChoice",
    "Community",
    "CommunityGuesses",
    "DailyLabel",
    "DailyScore",
    "Digest",
    "Duel",
    "DuelGuess",
    "Embedding",
    "EndedSession",
    "ExpertAccount",
    "GenreCorrection",
    "Guess",
    "HistoryImport",
    "Image",
    "ImagelessPost",
    "InboxItem",
    "InstallationFact",
    "Label",
    "Lease",
    "ModelVersion",
    "Newcomer",
    "Notice",
    "Nowcast",
    "OutcomeFeed",
    "OwnHead",
    "Participant",
    "Passkey",
    "PasskeyChallenge",
    "Peek",
    "Post",
    "PostImage",
    "PostMeasures",
    "Prediction",
    "QuarantinedImage",
    "Reply",
    "RoleSeen",
    "RunningProcess",
    "ScoreGuess",
    "Server",
    "Service",
    "Snapshot",
    "Standing",
    "TrainingRun",
    "Vote",
    "WaitingScore",
    "WatchedGroup",
    "Webhook",
    "WebhookMessage",
]
