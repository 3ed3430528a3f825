/** What to do about a held merchant account: the sentences of the alarm's card. */
const REMEDIES: Record<string, string> = {
  not_enough: '请给商户号充值。充值后会自动接着退，不用逐笔重试。',
  sign_error: '微信支付不认我们的签名。请检查商户证书、私钥和服务器时间；改好后会自动接着退。',
  no_auth: '商户号没有退款权限。请在商户平台开通“退款”产品或检查 API 权限；开通后会自动接着退。',
  mch_not_exists: '微信支付不认识这个商户号。请检查微信支付设置；改好后会自动接着退。',
  frequency_limited: '微信支付说请求太频繁，先停一停。过几分钟会自动接着退，不用处理。',
};

export function merchantRemedy(reason: string): string {
  return (
    REMEDIES[reason] ??
    `微信支付不接受这个商户号的退款（${reason}）。请检查证书、密钥和权限；改好后会自动接着退。`
  );
}
