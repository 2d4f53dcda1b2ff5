// Everything here makes the page nicer; it posts, votes and reads without any of it.

import { watchClock } from "./clock.js";
import { watchComposer } from "./composer.js";
import { watchFeed } from "./live.js";
import { watchShare } from "./share.js";
import { watchTraining } from "./training.js";
import { watchVotes } from "./votes.js";

document.documentElement.classList.add("scripted");
watchClock();
watchVotes();
watchComposer();
watchFeed();
watchTraining();
watchShare();
