package wire

// AppendSignIn appends a sign-in. userData is the text that was signed with
// auth, exactly as it was.
func AppendSignIn(dst []byte, auth, userData string) []byte {
	dst = append(dst, `{"event":"pusher:signin","data":{"auth":`...)
	dst = AppendString(dst, auth)
	dst = append(dst, `,"user_data":`...)
	dst = AppendString(dst, userData)
	return append(dst, '}', '}')
}
