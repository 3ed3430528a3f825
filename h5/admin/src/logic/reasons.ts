/** Reasons that the cards offer, too: one word for one thing. */

export const REJECT_DEPOSIT = ['打卡天数不足', '无法确认身份', '打卡内容不符合要求', '其他原因'] as const;
export const REJECT_PAYMENT = ['已与会员商定保留', '会员已补足差额', '是替别人付的', '其他原因'] as const;
