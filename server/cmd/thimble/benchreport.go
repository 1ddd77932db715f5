package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/thimble-go/thimble/server/internal/load"
)

func progressText(p load.Progress) string {
	if !p.Publishing {
		text := fmt.Sprintf("%d of %d clients are ready", p.Connected, p.Clients)
		if p.Failed > 0 {
			text += fmt.Sprintf(", %d have failed", p.Failed)
		}
		return text
	}
	return fmt.Sprintf("%d messages published, %d of %d deliveries have come", p.Published, p.Delivered, p.Expected)
}

// reportTable is the report as people read it.
func reportTable(r *load.Report, cfg *load.Config) table {
	var rows table
	add := func(name, text string) { rows = append(rows, []string{name, text}) }
	if r.Interrupted {
		add("interrupted", "this is what was measured by then")
	}
	add("clients", fmt.Sprintf("%d of %d ready, %d failed, %d reconnections", r.Ready, r.Clients, r.Failed, r.Reconnect))
	add("connecting", spread(r.Connect))
	add("subscribing", spread(r.Subscribe))
	if cfg.Rate > 0 {
		add("published", fmt.Sprintf("%d messages in %s, %s/s of %g/s asked for, %d errors", r.Published, short(r.Publishing), rounded(r.PublishRate()), cfg.Rate, r.PublishErrors))
		if cfg.API != nil {
			add("HTTP API", spread(r.Publish))
		}
		add("delivered", fmt.Sprintf("%d of %d, %s/s", r.Delivered, r.Expected, rounded(r.DeliveryRate())))
		add("latency", spread(r.Latency))
		add("lost", fmt.Sprintf("%d, out of order %d, twice %d", r.Lost, r.Reordered, r.Duplicates))
	}
	if r.Foreign > 0 {
		add("of others", fmt.Sprintf("%d events of the same name: does another bench run there?", r.Foreign))
	}
	name := "errors"
	for _, e := range r.Errors {
		add(name, fmt.Sprintf("%d x %s", e.Count, message(fmt.Errorf("%s", e.Kind))))
		name = ""
	}
	if len(r.Errors) == 0 {
		add(name, "none")
	}
	return rows
}

func spread(d load.Distribution) string {
	if d.Count == 0 {
		return "-"
	}
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, max %s", short(d.P50), short(d.P90), short(d.P99), short(d.Max))
}

// short is a duration with three digits or so.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
	case d >= 100*time.Millisecond:
		return strconv.FormatFloat(float64(d)/1e6, 'f', 0, 64) + " ms"
	}
	return strconv.FormatFloat(float64(d)/1e6, 'f', 2, 64) + " ms"
}

func rounded(f float64) string {
	if f >= 100 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'f', 1, 64)
}

// shownSpread is a distribution as --json shows it, in milliseconds.
type shownSpread struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

func inJSON(d load.Distribution) shownSpread {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return shownSpread{d.Count, ms(d.P50), ms(d.P90), ms(d.P99), ms(d.Max)}
}

// shownError is one kind of errors as --json shows it.
type shownError struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

func shownReport(r *load.Report) any {
	failures := []shownError{}
	for _, e := range r.Errors {
		failures = append(failures, shownError{message(fmt.Errorf("%s", e.Kind)), e.Count})
	}
	return struct {
		Interrupted   bool         `json:"interrupted"`
		Clients       int          `json:"clients"`
		Ready         int          `json:"ready"`
		Failed        int          `json:"failed"`
		Reconnections int64        `json:"reconnections"`
		Connect       shownSpread  `json:"connect"`
		Subscribe     shownSpread  `json:"subscribe"`
		Published     int64        `json:"published"`
		PublishErrors int64        `json:"publish_errors"`
		PublishRate   float64      `json:"publish_rate"`
		Publish       shownSpread  `json:"publish"`
		Expected      int64        `json:"expected"`
		Delivered     int64        `json:"delivered"`
		DeliveryRate  float64      `json:"delivery_rate"`
		Latency       shownSpread  `json:"latency"`
		Lost          int64        `json:"lost"`
		Reordered     int64        `json:"reordered"`
		Duplicates    int64        `json:"duplicates"`
		Foreign       int64        `json:"foreign"`
		Errors        []shownError `json:"errors"`
	}{
		r.Interrupted, r.Clients, r.Ready, r.Failed, r.Reconnect, inJSON(r.Connect), inJSON(r.Subscribe),
		r.Published, r.PublishErrors, r.PublishRate(), inJSON(r.Publish),
		r.Expected, r.Delivered, r.DeliveryRate(), inJSON(r.Latency), r.Lost, r.Reordered, r.Duplicates, r.Foreign, failures,
	}
}
