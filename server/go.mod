module github.com/thimble-go/thimble/server

go 1.26

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	github.com/google/go-cmp v0.7.0
	github.com/spf13/cobra v1.10.2
	github.com/thimble-go/thimble v0.1.0
	go.uber.org/goleak v1.3.0
	golang.org/x/time v0.12.0
	pgregory.net/rapid v1.3.0
)

require (
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/gorilla/websocket v1.5.3
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/pelletier/go-toml/v2 v2.4.3
	github.com/spf13/pflag v1.0.9 // indirect
	go.bug.st/serial v1.8.0
	golang.org/x/crypto v0.41.0 // indirect
	golang.org/x/sys v0.43.0
)
