"""Passwords that trip whatever quotes, splits or encodes them wrongly."""

ODD_PASSWORDS = [
    "p@ss:w/or%d#?&=",
    "quote\"s and 'single' ones",
    "back\\slash {brace} $HOME `tick`",
    "späce ünïcode ☃ 密码",
    "%40%2F+ +",
    " leading and trailing ",
]
