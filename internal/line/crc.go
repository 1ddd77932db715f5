package line

// crcTable is for half a byte at a time: the usual table of 256 entries, or
// the eight of them in hash/crc32, would be most of this package on a board.
var crcTable = [16]uint32{
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
}

// crcGood is what the CRC-32 of a body with its own CRC-32 behind it comes to.
const crcGood = 0x2144df1c

// crcAdd adds a byte to a CRC-32 (IEEE 802.3) that began as ^0 and is inverted
// in the end.
func crcAdd(crc uint32, b byte) uint32 {
	crc ^= uint32(b)
	crc = crcTable[crc&15] ^ crc>>4
	return crcTable[crc&15] ^ crc>>4
}
