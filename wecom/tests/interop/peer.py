"""The PyPI side of scripts/interop-wecom.sh: opens our messages, then seals the same ones itself.

Reads what we sealed from standard input and prints what it sealed, one JSON object a line. wechatpy
takes and gives whole XML envelopes, so the outer XML is compared as well.
"""

import json
import sys

import xmltodict
from wechatpy.enterprise.crypto import WeChatCrypto

for line in sys.stdin:
    ours = json.loads(line)
    crypto = WeChatCrypto(ours["token"], ours["aes_key"], ours["receive_id"])
    message = crypto.decrypt_message(
        ours["request_xml"], ours["msg_signature"], ours["timestamp"], ours["nonce"]
    )
    message = message.decode() if isinstance(message, bytes) else message
    if message != ours["message"]:
        sys.exit(f"other message: {line}")
    echo = crypto.check_signature(
        ours["msg_signature"], ours["timestamp"], ours["nonce"], ours["encrypt"]
    )
    echo = echo.decode() if isinstance(echo, bytes) else echo
    if echo != ours["message"]:
        sys.exit(f"other echo: {line}")

    reply = xmltodict.parse(
        crypto.encrypt_message(ours["message"], ours["nonce"], ours["timestamp"])
    )["xml"]
    sealed = dict(
        ours,
        encrypt=reply["Encrypt"],
        msg_signature=reply["MsgSignature"],
        timestamp=reply["TimeStamp"],
        nonce=reply["Nonce"],
    )
    print(json.dumps(sealed))
