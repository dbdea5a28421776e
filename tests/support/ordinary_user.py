"""How root runs a command as an ordinary user."""

import pwd

NAME = "nobody"
# It may still read an interpreter that root keeps to itself.
ORDINARY_USER = (
    *("setpriv", f"--reuid={NAME}", f"--regid={pwd.getpwnam(NAME).pw_gid}", "--clear-groups"),
    *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"),
    "--securebits=+no_setuid_fixup",
)
