package webhook

import (
	"encoding/binary"
	"errors"
)

// endpointID names an endpoint in the store: a digest, since an address may
// hold a secret.
type endpointID [16]byte

// format is the first byte of each record of an event.
const format = 1

var errRecord = errors.New("not a record of a webhook")

// appendRecord writes what the store keeps of an item: the format, the
// endpoint, the time, the length of the channel's name, the name, the event.
func appendRecord(b []byte, id endpointID, i *item) []byte {
	b = append(b, format)
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(i.ms))
	b = binary.AppendUvarint(b, uint64(len(i.channel)))
	b = append(b, i.channel...)
	return append(b, i.json...)
}

// parseRecord reads it. The item borrows nothing.
func parseRecord(b []byte) (id endpointID, i *item, err error) {
	const head = 1 + len(id) + 8
	if len(b) < head || b[0] != format {
		return id, nil, errRecord
	}
	copy(id[:], b[1:])
	ms := int64(binary.BigEndian.Uint64(b[1+len(id):]))
	channel, rest, err := cutText(b[head:])
	if err != nil || channel == "" || len(rest) == 0 {
		return id, nil, errRecord
	}
	return id, &item{ms: ms, channel: channel, json: append([]byte(nil), rest...)}, nil
}

// appendPlace writes the key of a place that somebody is at. Those of an
// application begin alike, and those of a channel.
func appendPlace(b []byte, p place) []byte {
	for _, text := range [...]string{p.app, p.channel} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return append(b, p.user...)
}

func parsePlace(b []byte) (p place, err error) {
	if p.app, b, err = cutText(b); err != nil {
		return place{}, err
	}
	if p.channel, b, err = cutText(b); err != nil {
		return place{}, err
	}
	p.user = string(b)
	return p, nil
}

// cutText reads a text behind its length.
func cutText(b []byte) (text string, rest []byte, err error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return "", nil, errRecord
	}
	end := used + int(n)
	return string(b[used:end]), b[end:], nil
}
