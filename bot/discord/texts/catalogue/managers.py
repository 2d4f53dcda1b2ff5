"""/managers and /manage."""

ENGLISH: dict[str, str] = {
    "managers.about": "Roles whose members may manage me here; without options, show them",
    "managers.add": "A role whose members may use /manage from now on",
    "managers.remove": "A role whose members may not any more",
    "managers.none": "Nobody manages me here but who may manage the server. `/managers add:` has"
    " the members of a role use `/manage`.",
    "managers.are": "Besides who may manage the server, members of {roles} manage me here, by"
    " `/manage` and what admins have: watching channels, settings, posters, imports, digest,"
    " outcomes, audit. Not the model, and not who manages me.",
    "managers.everybody": "*@everyone* cannot manage me. Choose a role of the people you trust.",
    "managers.too_many": "At most {most} roles manage me. Take one away first, with"
    " `/managers remove:`.",
    "manage.about": "What admins can do, for members of the roles that admins chose",
    "manage.not_yours": "That is for the managers of this server. An admin chooses their roles with"
    " `/managers`.",
}
