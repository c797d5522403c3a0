/// SHA-256 (FIPS 180-4), so that an administrator can check a lock file with `sha256sum`.
public struct SHA256 {
  private var state: InlineArray<8, UInt32> = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// What does not fill a block yet.
  private var block = InlineArray<64, UInt8>(repeating: 0)
  private var count = 0

  public init() {}

  /// The digest of `bytes` as 64 lower-case hexadecimal digits.
  public static func hex(_ bytes: [UInt8]) -> String {
    var sum = SHA256()
    sum.update(bytes.span)
    return sum.hex
  }

  public mutating func update(_ bytes: Span<UInt8>) {
    var at = 0
    while at < bytes.count {
      if count % 64 == 0, bytes.count - at >= 64 {
        Self.compress(bytes.extracting(at..<at + 64), into: &state)
        (at, count) = (at + 64, count + 64)
        continue
      }
      block[count % 64] = bytes[at]
      (at, count) = (at + 1, count + 1)
      if count % 64 == 0 { Self.compress(block.span, into: &state) }
    }
  }

  /// The digest of all bytes so far.
  public var hex: String {
    var whole = self
    let padding = (119 - count % 64) % 64 + 1
    var end = [UInt8](repeating: 0, count: padding + 8)
    end[0] = 0x80
    for i in 0..<8 { end[padding + i] = UInt8(truncatingIfNeeded: (UInt64(count) * 8) >> UInt64(56 - 8 * i)) }
    whole.update(end.span)
    return String(unsafeUninitializedCapacity: 64) { text in
      for i in 0..<64 {
        let digit = UInt8(truncatingIfNeeded: whole.state[i / 8] >> UInt32(28 - 4 * (i % 8))) & 15
        text[i] = UInt8(hexadecimal: digit)
      }
      return 64
    }
  }

  private static func compress(_ block: Span<UInt8>, into state: inout InlineArray<8, UInt32>) {
    var w = InlineArray<64, UInt32>(repeating: 0)
    for i in 0..<16 {
      let at = i * 4
      w[i] =
        UInt32(block[at]) << 24 | UInt32(block[at + 1]) << 16 | UInt32(block[at + 2]) << 8 | UInt32(block[at + 3])
    }
    for i in 16..<64 {
      let s0 = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ (w[i - 15] >> 3)
      let s1 = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ (w[i - 2] >> 10)
      w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
    }
    var h = state
    for i in 0..<64 {
      let s1 = rotated(h[4], 6) ^ rotated(h[4], 11) ^ rotated(h[4], 25)
      let t1 = h[7] &+ s1 &+ ((h[4] & h[5]) ^ (~h[4] & h[6])) &+ k[i] &+ w[i]
      let s0 = rotated(h[0], 2) ^ rotated(h[0], 13) ^ rotated(h[0], 22)
      let t2 = s0 &+ ((h[0] & h[1]) ^ (h[0] & h[2]) ^ (h[1] & h[2]))
      h = [t1 &+ t2, h[0], h[1], h[2], h[3] &+ t1, h[4], h[5], h[6]]
    }
    for i in 0..<8 { state[i] = state[i] &+ h[i] }
  }

  private static func rotated(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }

  private static let k: InlineArray<64, UInt32> = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
