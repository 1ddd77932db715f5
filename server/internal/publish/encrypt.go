package publish

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"

	"golang.org/x/crypto/nacl/secretbox"
)

// encrypt makes the data of an event on an encrypted channel (Pusher docs,
// "Encrypted channels"): a box with a fresh nonce, under a key that is made of
// the channel's name and the master key.
func encrypt(channel string, masterKey []byte, data string) (string, error) {
	key := sha256.Sum256(append([]byte(channel), masterKey...))
	var nonce [24]byte
	rand.Read(nonce[:]) // never fails
	box, err := json.Marshal(struct {
		Nonce      []byte `json:"nonce"`
		Ciphertext []byte `json:"ciphertext"`
	}{nonce[:], secretbox.Seal(nil, []byte(data), &nonce, &key)})
	return string(box), err
}
