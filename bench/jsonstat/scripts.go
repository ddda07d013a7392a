package main

import _ "embed"

//go:embed peer.mjs
var npmScript string

//go:embed peer.py
var pyScript string
